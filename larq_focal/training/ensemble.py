"""Ensembles of networks that vote: how many there are, and which images each is trained on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Ensemble:
    """Networks that are trained one after the other, each on as many images as there are, drawn with repeats.

    Attributes:
        members: How many networks vote.
        boosted: Whether images that a member gets wrong are drawn more often for the next, and votes weigh by how
            seldom a member is wrong (AdaBoost). Without it all images are drawn alike, and votes are equal (bagging).

    Source:
        Zhu, Dong and Su, "Binary Ensemble Neural Network: More Bits per Network or More Networks per Bit?", CVPR 2019,
        https://arxiv.org/abs/1806.07550; each member begins with weights of its own, as in its independent training.
    """

    members: int = 4
    boosted: bool = False

    def __post_init__(self):
        if not 1 <= self.members <= 100:
            raise ValueError(f"An ensemble has 1 to 100 members: {self}.")

    @property
    def name(self) -> str:
        """boosted4, bagged4."""
        return f"{'boosted' if self.boosted else 'bagged'}{self.members}"
