"""Batches of any size on a file that takes a fixed number of samples at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from larq_focal.network.tflite.flat_model import FlatModel, Tensor

Run = Callable[[Sequence[np.ndarray]], Sequence[np.ndarray]]


def batch_size(model: FlatModel) -> int | None:
    """How many samples the file takes at a time: the first axis of all its inputs; None where they share none."""
    first = {tensor.shape[:1] for tensor in model.inputs}
    (shape,) = first if len(first) == 1 else [()]
    return shape[0] if shape else None


def sample_shape(tensor: Tensor, size: int | None) -> tuple[int, ...]:
    """The shape of a tensor without its batch axis, if it has one of ``size``."""
    return tensor.shape[1:] if has_batch_axis(tensor.shape, size) else tensor.shape


def has_batch_axis(shape: tuple[int, ...], size: int | None) -> bool:
    return size is not None and shape[:1] == (size,)


def run_in_pieces(model: FlatModel, run: Run, feeds: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Runs a batch, as many samples at a time as the file takes; the last piece is filled up.

    Args:
        model: the file.
        run: one call of the engine.
        feeds: the inputs ``[N, ...]``; of the file's own shapes where it has no batch axis.

    Returns:
        The outputs ``[N, ...]``. One without a batch axis comes back as the engine gives it.

    Raises:
        ValueError: an output has no batch axis, and the batch takes another number of samples than one call has.
    """
    size = batch_size(model)
    if size is None:
        return list(run(feeds))
    total = len(feeds[0])
    if total == 0:
        for tensor, name in zip(model.outputs, model.output_names, strict=True):
            _check_whole(model, name, tensor.shape, size, total)
        return [np.empty((0, *tensor.shape[1:]), tensor.dtype) for tensor in model.outputs]
    pieces: list[list[np.ndarray]] = [[] for _ in model.outputs]
    for start in range(0, total, size):
        part = [feed[start : start + size] for feed in feeds]
        missing = size - len(part[0])
        if missing:
            part = [np.concatenate([array, np.repeat(array[-1:], missing, 0)]) for array in part]
        for piece, output, name in zip(pieces, run(part), model.output_names, strict=True):
            _check_whole(model, name, output.shape, size, total)
            piece.append(output[: size - missing] if missing else output)
    return [
        piece[0] if len(piece) == 1 else _joined(model, name, piece)
        for piece, name in zip(pieces, model.output_names, strict=True)
    ]


def _check_whole(model: FlatModel, name: str, shape: tuple[int, ...], size: int, total: int) -> None:
    if total != size and not has_batch_axis(shape, size):
        samples = "1 sample" if size == 1 else f"{size} samples"
        raise ValueError(
            f"The output '{name}' of '{model.name}' has the shape {list(shape)} for {samples}: it has no batch axis, "
            f"so the outputs for {total} samples cannot be joined. Run {samples} at a time."
        )


def _joined(model: FlatModel, name: str, pieces: list[np.ndarray]) -> np.ndarray:
    shapes = sorted({piece.shape[1:] for piece in pieces})
    if len(shapes) > 1:
        listed = " and ".join(str(list(shape)) for shape in shapes)
        raise ValueError(
            f"The output '{name}' of '{model.name}' has the shapes {listed} for different samples, which cannot be "
            "joined. Run them one at a time."
        )
    return np.concatenate(pieces)
