"""Votes of several networks, and the weights of boosting by hand."""

import numpy as np
import pytest

from larq_focal.keras import keras
from larq_focal.zoo import boosted_weights, boosting_vote, ensemble

IMAGES = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32)


def member(seed: int, classes: int = 3) -> keras.Model:
    keras.utils.set_random_seed(seed)
    return keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(classes)])


MEMBERS = [member(seed) for seed in range(3)]


def probabilities(model):
    return keras.activations.softmax(model(IMAGES)).numpy()


def test_one_member_is_itself():
    np.testing.assert_allclose(ensemble(MEMBERS[:1])(IMAGES), probabilities(MEMBERS[0]), rtol=1e-6)


def test_equal_votes_are_the_mean_in_any_order():
    mean = np.mean([probabilities(each) for each in MEMBERS], axis=0)
    for order in (MEMBERS, MEMBERS[::-1]):
        np.testing.assert_allclose(ensemble(order)(IMAGES), mean, rtol=1e-5)


def test_votes_weigh_by_their_share():
    expected = 0.25 * probabilities(MEMBERS[0]) + 0.75 * probabilities(MEMBERS[1])
    np.testing.assert_allclose(ensemble(MEMBERS[:2], [1, 3])(IMAGES), expected, rtol=1e-5)


def test_boosting_four_samples_by_hand():
    """One of four is missed: error 1/4, vote ln(3)/2, so that the missed one grows by sqrt(3) and the others shrink."""
    weights, missed = np.full(4, 0.25), np.array([True, False, False, False])
    vote = boosting_vote(missed, weights)
    assert vote == pytest.approx(np.log(3) / 2)
    after = boosted_weights(weights, missed, vote)
    np.testing.assert_allclose(after, 0.25 * np.array([3**0.5, 3**-0.5, 3**-0.5, 3**-0.5]))
    assert after[missed].sum() == pytest.approx(after[~missed].sum()), "the next member is no better than a guess here"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ensemble([]), "members of one input and output shape"),
        (lambda: ensemble([member(0), member(0, 4)]), "members of one input and output shape"),
        (lambda: ensemble(MEMBERS, [1, 2]), "3 members needs one positive vote"),
        (lambda: ensemble(MEMBERS, [1, 0, 1]), "3 members needs one positive vote"),
        (lambda: boosting_vote(np.ones(4, bool), np.ones(4)), "misses 100.0%"),
        (lambda: boosting_vote(np.zeros(4, bool), np.ones(4)), "misses 0.0%"),
    ],
)
def test_what_cannot_vote_is_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()
