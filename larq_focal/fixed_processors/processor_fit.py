"""The result of a fit to a processor of fixed structure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from larq_focal.result import Result
from larq_focal.tables import add_figures, add_name, add_words, listed, new_table
from larq_focal.text import counted
from larq_focal.verdicts.estimate import Estimate, estimates_table
from larq_focal.verdicts.verdict import COLOURS, Verdict, verdict_title, worst


@dataclass(frozen=True, kw_only=True)
class ProcessorLayer:
    """One layer with weights; ``reasons`` say why it does not fit, ``changes`` what all has to change so that it does.

    ``operations`` are those of one inference, two for each multiply-accumulate. ``is_judged`` is False for a layer of a
    kind that has no verdict.
    """

    name: str
    fan_in: int
    weight_bits: int
    operations: int
    reasons: tuple[str, ...]
    changes: tuple[str, ...]
    is_judged: bool = True

    @property
    def verdict(self) -> Verdict:
        if self.reasons:
            return Verdict.NO_FIT
        return Verdict.FIT if self.is_judged else Verdict.NOT_JUDGED

    def to_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "verdict": self.verdict.value,
            "fan_in": self.fan_in,
            "weight_bits": self.weight_bits,
            "operations": self.operations,
            "reasons": list(self.reasons),
            "changes": list(self.changes),
        }


@dataclass(frozen=True, kw_only=True, repr=False)
class ProcessorFit(Result):
    """Whether a network runs on a processor of fixed structure, with ``width`` the nearest that it offers.

    ``reasons`` and ``changes`` are those of the network as a whole; ``not_judged`` names parts without a verdict, whose
    operations are in no total. There are ``estimates`` of energy where it fits.
    """

    network: str
    sensor: str
    title: str
    width: int
    layers: tuple[ProcessorLayer, ...]
    reasons: tuple[str, ...]
    changes: tuple[str, ...]
    convolution_bits: int
    convolution_memory_bits: int
    dense_bits: int
    dense_memory_bits: int
    operations: int
    estimates: tuple[Estimate, ...]
    unknown: tuple[str, ...]
    not_judged: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        whole = [Verdict.NO_FIT] * bool(self.reasons) + [Verdict.NOT_JUDGED] * bool(self.not_judged)
        return worst([*whole, *(layer.verdict for layer in self.layers)])

    @property
    def smallest_change(self) -> str | None:
        """All that has to change, in the network and then layer by layer; None where nothing has to."""
        of_layers = _by_text({layer.name: " and ".join(layer.changes) for layer in self.layers})
        return "; ".join([*self.changes, *of_layers]) or None

    @property
    def energy_uj(self) -> float | None:
        """Of one inference, by the efficiency that meets the published energies; None where nothing fits."""
        return next((estimate.chip_energy_uj for estimate in self.estimates if estimate.kind == "calibrated"), None)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "network": self.network,
            "sensor": self.sensor,
            "verdict": self.verdict.value,
            "smallest_change": self.smallest_change,
            "width": self.width,
            "operations": self.operations,
            "energy_uj": self.energy_uj,
            "convolution_bits": self.convolution_bits,
            "convolution_memory_bits": self.convolution_memory_bits,
            "dense_bits": self.dense_bits,
            "dense_memory_bits": self.dense_memory_bits,
            "estimates": [estimate.to_dict() for estimate in self.estimates],
            "layers": [layer.to_dict() for layer in self.layers],
            "reasons": list(self.reasons),
            "unknown": list(self.unknown),
            "not_judged": list(self.not_judged),
        }

    @property
    def headline(self) -> str:
        return f"{self.network} on {self.title}, {self.verdict}, {counted(len(self.layers), 'layer')}"

    def __rich__(self) -> Group:
        memory = (
            f"weights: {self.convolution_bits:,} of {self.convolution_memory_bits:,} bits for convolutions, "
            f"{self.dense_bits:,} of {self.dense_memory_bits:,} for dense layers"
        )
        energy = [estimates_table(self.estimates)] if self.estimates else []
        return Group(self._table(), Text(), *energy, Text(memory), *self._lists())

    def _table(self) -> Table:
        table = new_table(verdict_title(self.network, self.title, self.verdict), footer=True)
        add_name(table, "layer", "frame")
        add_words(table, "verdict")
        total = f"{'at least ' if self.not_judged else ''}{self.operations:,}"
        add_figures(table, "fan-in", "weight bits", ("operations", total))
        for layer in self.layers:
            verdict = Text(layer.verdict.value, COLOURS[layer.verdict])
            figures = layer.fan_in, layer.weight_bits, layer.operations
            table.add_row(Text(layer.name), verdict, *(f"{figure:,}" for figure in figures))
        return table

    def _lists(self) -> Iterator[Text | Padding]:
        reasons = _by_text({layer.name: "; ".join(layer.reasons) for layer in self.layers})
        yield from listed("Not judged", self.not_judged)
        yield from listed("Why not", [*self.reasons, *reasons])
        yield from listed("Smallest change that fits", [self.smallest_change] if self.smallest_change else [])
        yield from listed("Unknown", self.unknown)


def _by_text(texts: dict[str, str]) -> list[str]:
    """Lines "names: text" for the texts by layer name, where layers of the same text share a line."""
    names: dict[str, list[str]] = {}
    for name, text in texts.items():
        if text:
            names.setdefault(text, []).append(name)
    return [f"{', '.join(of_text)}: {text}" for text, of_text in names.items()]
