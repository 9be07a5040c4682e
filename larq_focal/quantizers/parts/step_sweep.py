"""The step of least squared error near a given one, by a sweep over all roundings on the way."""

from __future__ import annotations

from larq_focal.nn import Tensor, ops

_FAR = 1e30


def best_step_near(weights: Tensor, step: Tensor, levels: int, has_zero: bool, reach: int) -> Tensor:
    """The step for which even levels are the least sum of squares away from weights, among the steps near ``step``.

    Weights pass to the next level where the step falls below ``|w| / (middle of two levels)``. Between two such points
    the levels l stay, and the best step for them is ``sum |w| l / sum l^2``. Sums are counted from the roundings at
    ``step``: what is compared is then the small error, not the large share of the weights that is met, of which float32
    has too few digits.

    Args:
        weights: magnitudes ``[C, n]``, float32 or float64.
        step: near the best one, positive ``[C]``.
        levels: how many magnitudes there are: 0, 1, ... steps with ``has_zero``, else 1/2, 3/2, ....
        has_zero: whether 0 is a level.
        reach: how many levels each weight is followed up and down. With ``levels - 1`` all steps are looked at; with
            fewer those at which every weight is within reach.

    Returns:
        ``[C]``.
    """
    first = 0.0 if has_zero else 0.5
    start = ops.expand_dims(step, 1)
    index = ops.clip(ops.round(weights / start - first), 0, levels - 1)
    level = index + first
    rest = weights - start * level
    sums = [ops.sum(each, 1, keepdims=True) for each in (rest**2, rest * level, level**2)]
    found = [
        _best(sums, start),
        *(_swept(weights, start, index, sums, levels, first, reach, up) for up in (True, False)),
    ]
    errors, steps = (ops.concatenate(each, 1) for each in zip(*found, strict=True))
    return ops.reshape(_picked(steps, errors), [-1])


def _swept(
    weights: Tensor, start: Tensor, index: Tensor, sums: list[Tensor], levels: int, first: float, reach: int, up: bool
) -> tuple[Tensor, Tensor]:
    """The least error and its step, ``[C, 1]`` each, as the step falls and levels go up, or as it rises."""
    sign = 1 if up else -1
    passed = index if up else index - 1
    beyond = _breakpoints(weights, passed + sign * reach, levels, first)
    if up:  # steps below the first breakpoint that is out of reach are not looked at
        limit = ops.max(ops.where(beyond > 0, beyond, ops.zeros_like(beyond)), 1, keepdims=True)
    else:
        limit = ops.min(ops.where(beyond > 0, beyond, _FAR * ops.ones_like(beyond)), 1, keepdims=True)
    passed = ops.concatenate([passed + sign * far for far in range(reach)], 1)
    owners = ops.concatenate([weights] * reach, 1)
    points = _breakpoints(owners, passed, levels, first)
    is_near = (points > limit) if up else ((points > 0) & (points < limit))
    middle = passed + (first + 0.5)
    changes = (-2 * start * (owners - start * middle), owners - 2 * start * middle, 2 * middle)
    order = ops.argsort(ops.where(is_near, -sign * points, _FAR * ops.ones_like(points)), 1)
    counted = sign * ops.cast(is_near, ops.dtype(weights))
    totals = [
        total + ops.cumsum(ops.take_along_axis(each * counted, order, 1), 1)
        for total, each in zip(sums, changes, strict=True)
    ]
    errors, steps = _best(totals, start)
    least = ops.min(errors, 1, keepdims=True)
    return least, _picked(steps, errors)


def _breakpoints(weights: Tensor, index: Tensor, levels: int, first: float) -> Tensor:
    """The step at which a weight passes from level ``index`` to the next one; 0 where there is no such pair."""
    is_there = (index >= 0) & (index < levels - 1)
    middle = ops.where(is_there, index + (first + 0.5), ops.ones_like(index))
    return ops.where(is_there, weights / middle, ops.zeros_like(weights))


def _best(sums: list[Tensor], start: Tensor) -> tuple[Tensor, Tensor]:
    """The error with the best step for each column of sums, and that step."""
    squares, products, norms = sums
    is_any = norms > 0.1
    norms = ops.where(is_any, norms, ops.ones_like(norms))
    errors = ops.where(is_any, squares - products**2 / norms, _FAR * ops.ones_like(norms))
    return errors, start + products / norms


def _picked(values: Tensor, errors: Tensor) -> Tensor:
    """Of each row ``[C, n]`` the value at the least error, ``[C, 1]``."""
    return ops.take_along_axis(values, ops.expand_dims(ops.argmin(errors, 1), 1), 1)
