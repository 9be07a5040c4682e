"""The errors of networks that the array cannot run."""

from __future__ import annotations

from larq_focal.verdicts.verdict import Verdict


class UnsupportedError(ValueError):
    """The array cannot run a part of the network; the message names the layer, the reason and the fix.

    ``verdict`` is what it says about the network.
    """

    verdict = Verdict.NO_FIT


class NotUnderstoodError(UnsupportedError):
    """The network has an operation that is not understood, so that nothing can be said about it."""

    verdict = Verdict.NOT_JUDGED
