"""The table of a cost summary for the terminal."""

from __future__ import annotations

from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from larq_focal.cost.text import at_least, bytes_text, count_text


def cost_table(costs: dict[str, Any]) -> Group:
    """Two rich tables of ``CostSummary.to_dict()``: costs per layer and in total, and what is not in them."""
    notes = []
    if costs["uncounted"]:
        names = ", ".join(costs["uncounted"])
        notes.append(Text(f"Every total is a least value: not counted is what {names} stores and multiplies."))
    return Group(_layers(costs), _totals(costs["totals"]), *notes)


def _layers(costs: dict[str, Any]) -> Table:
    totals = costs["totals"]
    least = at_least(totals["at_least"])
    table = Table(title=Text(f"Costs of {costs['network']}"), title_justify="left", show_footer=True)
    table.add_column("layer", "total", overflow="fold")
    table.add_column("kind")
    table.add_column("output", justify="right")
    table.add_column("weights", least + count_text(totals["weights"]), justify="right")
    table.add_column("bits w x a", justify="right")
    table.add_column("parameters", least + bytes_text(totals["parameter_bytes"]), justify="right")
    table.add_column("MACs", least + count_text(totals["macs"]), justify="right")
    table.add_column("ACE", least + count_text(totals["ace"]), justify="right")
    table.add_column("other operations")
    for layer in costs["layers"]:
        has_weights = layer["weight_bits"] is not None or layer["weights"] > 0
        has_products = layer["macs"] > 0
        table.add_row(
            Text(layer["name"]),
            Text(layer["kind"]),
            "x".join(map(str, layer["shape"])),
            "shared" if layer["shares_weights"] else count_text(layer["weights"]) if has_weights else "",
            f"{layer['weight_bits']} x {layer['input_bits']}" if layer["input_bits"] is not None else "",
            bytes_text(-(-layer["parameter_bits"] // 8)) if layer["parameter_bits"] else "",
            count_text(layer["macs"]) if has_products else "",
            count_text(layer["ace"]) if has_products else "",
            Text(_kinds(layer["other_ops"])),
        )
    return table


def _totals(totals: dict[str, Any]) -> Table:
    table = Table.grid(padding=(0, 2))
    stored, in_float = totals["parameter_bytes"], totals["float32_bytes"]
    least, least_values = at_least(totals["at_least"]), at_least(totals["activations_at_least"])
    smaller = f" ({in_float / stored:.1f} times this)" if stored and not least else ""
    by_bits = ", ".join(f"{bytes_text(count)} of {bits}-bit numbers" for bits, count in _widths(totals))
    by_width = [f"{count_text(count)} of {bits} bits" for bits, count in totals["macs_by_bits"].items()]
    rows = {
        "parameters": f"{least}{bytes_text(stored)}" + (f": {by_bits}" if by_bits else ""),
        "in float32": least + bytes_text(in_float) + smaller,
        "activations at peak": (
            f"{least_values}{bytes_text(totals['peak_activation_bytes'])}, "
            f"{bytes_text(totals['peak_activation_packed_bytes'])} with bits in 32-bit words"
        ),
        "MACs": least + (", ".join(by_width) or "0"),
        "ACE": least + count_text(totals["ace"]),
        "other operations": least_values + _kinds(totals["other_ops"]),
    }
    for name, value in rows.items():
        table.add_row(Text(name, style="bold"), Text(value))
    return table


def _widths(totals: dict[str, Any]) -> list[tuple[str, int]]:
    return sorted(totals["parameter_bytes_by_bits"].items(), key=lambda item: int(item[0]))


def _kinds(counts: dict[str, int]) -> str:
    return ", ".join(f"{count_text(count)} {kind}" for kind, count in counts.items())
