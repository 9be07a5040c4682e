"""The table of a cost summary for the terminal."""

from __future__ import annotations

from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from larq_focal.cost.text import bytes_text, count_text


def cost_table(costs: dict[str, Any]) -> Group:
    """Two rich tables of ``CostSummary.to_dict()``: costs per layer and in total."""
    return Group(_layers(costs), _totals(costs["totals"]))


def _layers(costs: dict[str, Any]) -> Table:
    totals = costs["totals"]
    table = Table(title=Text(f"Costs of {costs['network']}"), title_justify="left", show_footer=True)
    table.add_column("layer", "total", overflow="fold")
    table.add_column("kind")
    table.add_column("output", justify="right")
    table.add_column("weights", count_text(totals["weights"]), justify="right")
    table.add_column("bits w x a", justify="right")
    table.add_column("parameters", bytes_text(totals["parameter_bytes"]), justify="right")
    table.add_column("MACs", count_text(totals["macs"]), justify="right")
    table.add_column("ACE", count_text(totals["ace"]), justify="right")
    table.add_column("other operations")
    for layer in costs["layers"]:
        has_weights = layer["weight_bits"] is not None
        table.add_row(
            Text(layer["name"]),
            Text(layer["kind"]),
            "x".join(map(str, layer["shape"])),
            count_text(layer["weights"]) if has_weights else "",
            f"{layer['weight_bits']} x {layer['input_bits']}" if has_weights else "",
            bytes_text(-(-layer["parameter_bits"] // 8)) if layer["parameter_bits"] else "",
            count_text(layer["macs"]) if has_weights else "",
            count_text(layer["ace"]) if has_weights else "",
            Text(_kinds(layer["other_ops"])),
        )
    return table


def _totals(totals: dict[str, Any]) -> Table:
    table = Table.grid(padding=(0, 2))
    stored, in_float = totals["parameter_bytes"], totals["float32_bytes"]
    smaller = f" ({in_float / stored:.1f} times this)" if stored else ""
    by_bits = ", ".join(f"{bytes_text(count)} of {bits}-bit numbers" for bits, count in _widths(totals))
    rows = {
        "parameters": f"{bytes_text(stored)}" + (f": {by_bits}" if by_bits else ""),
        "in float32": bytes_text(in_float) + smaller,
        "activations at peak": (
            f"{bytes_text(totals['peak_activation_bytes'])}, "
            f"{bytes_text(totals['peak_activation_packed_bytes'])} with bits in 32-bit words"
        ),
        "MACs": ", ".join(f"{count_text(count)} of {bits} bits" for bits, count in totals["macs_by_bits"].items()),
        "ACE": count_text(totals["ace"]),
        "other operations": _kinds(totals["other_ops"]),
    }
    for name, value in rows.items():
        table.add_row(Text(name, style="bold"), Text(value))
    return table


def _widths(totals: dict[str, Any]) -> list[tuple[str, int]]:
    return sorted(totals["parameter_bytes_by_bits"].items(), key=lambda item: int(item[0]))


def _kinds(counts: dict[str, int]) -> str:
    return ", ".join(f"{count_text(count)} {kind}" for kind, count in counts.items())
