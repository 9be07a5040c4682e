"""The table of a cost summary for the terminal."""

from __future__ import annotations

from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from larq_focal.tables import add_figures, add_name, add_words, facts, heading, new_table
from larq_focal.text import BYTES, COUNT, at_least, bytes_text, count_text, in_one_unit, shape_text


def cost_table(costs: dict[str, Any]) -> Group:
    """Two rich tables of ``CostSummary.to_dict()``: costs per layer and in total, and what is not in them."""
    notes = []
    if costs["uncounted"]:
        names = ", ".join(costs["uncounted"])
        notes.append(
            Text(f"Every total is a least value: not counted is what {names} stores and multiplies.", "yellow")
        )
    return Group(_layers(costs), Text(), facts(_totals(costs["totals"])), *notes)


def _layers(costs: dict[str, Any]) -> Table:
    layers, totals = costs["layers"], costs["totals"]
    byte, stored = in_one_unit([*(layer["parameter_bits"] / 8 for layer in layers), totals["parameter_bytes"]], BYTES)
    many, macs = in_one_unit([*(layer["macs"] for layer in layers), totals["macs"]], COUNT)
    effort, ace = in_one_unit([*(layer["ace"] for layer in layers), totals["ace"]], COUNT)
    table = new_table(f"Costs of {costs['network']}", footer=True)
    add_name(table, "layer\n  kind, other operations", "total, at least" if totals["at_least"] else "total")
    add_words(table, "output")
    add_figures(table, ("weights", f"{totals['weights']:,}"), "bits\nwxa", (heading("stored", byte), stored[-1]))
    add_figures(table, (heading("MACs", many), macs[-1]), (heading("ACE", effort), ace[-1]))
    for layer, *figures in zip(layers, stored, macs, ace, strict=False):
        table.add_row(*_row(layer, *figures))
    return table


def _row(layer: dict[str, Any], stored: str, macs: str, ace: str) -> tuple[str | Text, ...]:
    has_weights = layer["weight_bits"] is not None or layer["weights"] > 0
    has_products = layer["macs"] > 0
    others = "\n  ".join(_kinds(layer["other_ops"]))
    return (
        Text.assemble(layer["name"], "\n", (f"  {layer['kind']}" + (f": {others}" if others else ""), "dim")),
        shape_text(layer["shape"]),
        "shared" if layer["shares_weights"] else f"{layer['weights']:,}" if has_weights else "",
        f"{layer['weight_bits']}x{layer['input_bits']}" if layer["input_bits"] is not None else "",
        stored if layer["parameter_bits"] else "",
        macs if has_products else "",
        ace if has_products else "",
    )


def _totals(totals: dict[str, Any]) -> dict[str, str]:
    stored, in_float = totals["parameter_bytes"], totals["float32_bytes"]
    least, least_values = at_least(totals["at_least"]), at_least(totals["activations_at_least"])
    smaller = f" ({in_float / stored:.1f} times this)" if stored and not least else ""
    by_bits = ", ".join(f"{bytes_text(count)} of {bits}-bit numbers" for bits, count in _widths(totals))
    by_width = [f"{count_text(count)} of {bits} bits" for bits, count in totals["macs_by_bits"].items()]
    return {
        "parameters": f"{least}{bytes_text(stored)}" + (f": {by_bits}" if by_bits else ""),
        "in float32": least + bytes_text(in_float) + smaller,
        "activations at peak": (
            f"{least_values}{bytes_text(totals['peak_activation_bytes'])}, "
            f"{bytes_text(totals['peak_activation_packed_bytes'])} with bits in 32-bit words"
        ),
        "MACs": least + (", ".join(by_width) or "0"),
        "ACE": least + count_text(totals["ace"]),
        "other operations": least_values + ", ".join(_kinds(totals["other_ops"])),
    }


def _kinds(counts: dict[str, int]) -> list[str]:
    return [f"{count_text(count)} {kind}" for kind, count in counts.items()]


def _widths(totals: dict[str, Any]) -> list[tuple[str, int]]:
    return sorted(totals["parameter_bytes_by_bits"].items(), key=lambda item: int(item[0]))
