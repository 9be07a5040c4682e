"""The verdicts of a fit, and how a terminal shows them."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

from rich.text import Text


class Verdict(str, Enum):
    """From best to worst.

    FIT WITH SPILL: planes move to analog registers or to the controller; FIT WITH SWAP: the controller puts other
    kernels into the store within the frame.

    NOT JUDGED stands before NO FIT: a network with an unknown part and another part that does not fit does not fit,
    whatever the unknown part is.
    """

    FIT = "FIT"
    SWAP = "FIT WITH SWAP"
    SPILL = "FIT WITH SPILL"
    SPILL_AND_SWAP = "FIT WITH SPILL AND SWAP"
    NOT_JUDGED = "NOT JUDGED"
    NO_FIT = "NO FIT"

    def __str__(self) -> str:
        return self.value

    @property
    def rank(self) -> int:
        return list(Verdict).index(self)

    @property
    def fits(self) -> bool:
        """Whether it says that all fits, with or without a spill or a swap."""
        return self.rank <= Verdict.SPILL_AND_SWAP.rank


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The worst of ``verdicts``; NOT JUDGED where there is none, for nothing was judged then."""
    return max(verdicts, key=lambda verdict: verdict.rank, default=Verdict.NOT_JUDGED)


COLOURS = {
    Verdict.FIT: "green",
    Verdict.SWAP: "yellow",
    Verdict.SPILL: "yellow",
    Verdict.SPILL_AND_SWAP: "yellow",
    Verdict.NOT_JUDGED: "magenta",
    Verdict.NO_FIT: "bold red",
}


def verdict_title(network: str, sensor: str, verdict: Verdict) -> Text:
    """``network on sensor: VERDICT``, for the title of a table."""
    return Text.assemble((f"{network} on {sensor}: ", "bold"), (verdict.value, COLOURS[verdict]))
