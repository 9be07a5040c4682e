"""The runs of a benchmark: which networks are trained, and in which order."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """One run. ``method`` is a key of ``TWO_LAYER_METHODS`` or None for full precision.

    ``int8_of`` names the run whose trained network this one takes to int8 instead of training its own.
    """

    name: str
    title: str
    method: str | None = None
    int8_of: str | None = None


SUITE: dict[str, Entry] = {
    entry.name: entry
    for entry in (
        Entry("full_precision", "Full precision"),
        Entry("int8", "int8 (TF-MOT)", int8_of="full_precision"),
        Entry("ste_sign", "Sign (STE)", "ste_sign"),
        Entry("hysteresis", "Hysteresis sign", "hysteresis"),
        Entry("gumbel", "Gumbel sign", "gumbel"),
        Entry("lab", "Learnable activation binarizer", "lab"),
    )
}


def choose(names: list[str] | None) -> list[Entry]:
    """The entries named, in the suite's order, with those that they build on; all of them for None.

    Raises:
        ValueError: a name is not in the suite.
    """
    if names is None:
        return list(SUITE.values())
    unknown = [name for name in names if name not in SUITE]
    if unknown:
        raise ValueError(f"No run named {', '.join(unknown)}: choose from {', '.join(SUITE)}.")
    wanted = {*names, *(SUITE[name].int8_of for name in names)}
    return [entry for entry in SUITE.values() if entry.name in wanted]
