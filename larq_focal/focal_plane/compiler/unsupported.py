"""The errors of networks that the array cannot run."""

from __future__ import annotations

from larq_focal.verdicts.verdict import Verdict


class UnsupportedError(ValueError):
    """The array cannot run a part of the network; the message names the layer, the reason and the fix.

    ``verdict`` is what it says about the network.
    """

    verdict = Verdict.NO_FIT


class NotJudgedError(UnsupportedError):
    """The network has a part that is not understood, or of which no program is known: it may fit, or not."""

    verdict = Verdict.NOT_JUDGED
