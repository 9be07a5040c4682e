"""Ensembles of binary networks that vote (BENN)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from larq_focal.nn import keras

layers = keras.layers


def ensemble(members: Sequence[keras.Model], votes: Sequence[float] | None = None) -> keras.Model:
    """One network of several with the same inputs and classes: the mean of their probabilities, by weight.

    Args:
        members: Networks that return logits ``[batch, classes]``; their layers and weights are used, not copied.
        votes: The weight of each member's vote; None for equal ones. They are divided by their sum.

    Returns:
        A network that returns probabilities ``[batch, classes]``.

    Raises:
        ValueError: There is no member, their shapes differ, or the votes are not one positive number for each.

    Source:
        Zhu, Dong and Su, "Binary Ensemble Neural Network: More Bits per Network or More Networks per Bit?", CVPR 2019,
        https://arxiv.org/abs/1806.07550; https://github.com/XinDongol/BENN-PyTorch.
    """
    shapes = {(member.input_shape, member.output_shape) for member in members}
    if len(shapes) != 1:
        raise ValueError(f"An ensemble needs members of one input and output shape, but got {sorted(shapes, key=str)}.")
    votes = np.ones(len(members)) if votes is None else np.asarray(votes, float)
    if votes.shape != (len(members),) or not np.all(votes > 0):
        raise ValueError(f"Each of {len(members)} members needs one positive vote, but the votes are {votes.tolist()}.")
    inputs = layers.Input(members[0].input_shape[1:], name="inputs")
    shares = []
    for index, (member, vote) in enumerate(zip(members, votes / votes.sum(), strict=True), 1):
        logits = keras.Model(member.inputs[0], member.outputs[0], name=f"member_{index}")(inputs)  # names may be alike
        shares.append(
            layers.Rescaling(float(vote), name=f"vote_{index}")(layers.Softmax(name=f"softmax_{index}")(logits))
        )
    outputs = shares[0] if len(shares) == 1 else layers.Add(name="votes")(shares)
    return keras.Model(inputs, outputs, name="ensemble")


def boosting_vote(missed: np.ndarray, weights: np.ndarray) -> float:
    """The vote of a member that was trained on samples with these weights: half the log odds of its being right.

    Args:
        missed: bool ``[n]``, the samples that it gets wrong.
        weights: ``[n]``, the samples' weights.

    Raises:
        ValueError: It gets all of the weight right, or half of it or more wrong, for which boosting has no vote.
    """
    error = float(np.sum(weights[missed]) / np.sum(weights))
    if not 0 < error < 0.5:
        raise ValueError(
            f"A boosted member must miss some, but less than half of the weight; this one misses {error:.1%}. "
            "Train for more epochs, or without boosting."
        )
    return 0.5 * float(np.log((1 - error) / error))


def boosted_weights(weights: np.ndarray, missed: np.ndarray, vote: float) -> np.ndarray:
    """The samples' weights for the next member: those that were missed grow by exp(vote), the others shrink by it."""
    return weights * np.exp(np.where(missed, vote, -vote))
