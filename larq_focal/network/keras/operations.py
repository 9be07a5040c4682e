"""Reading the operations of a traced function, one function per type of TensorFlow operation."""

from __future__ import annotations

import numpy as np

from larq_focal.keras import tf
from larq_focal.network import ops
from larq_focal.network.graph import NotUnderstood
from larq_focal.network.keras.trace import reads, value_shape


@reads("Cast")
def _(trace, op):
    if not (op.outputs[0].dtype.is_floating and op.inputs[0].dtype != tf.bool):
        raise NotUnderstood(f"Cast to {op.outputs[0].dtype.name}")
    return [trace.value(op.inputs[0])]


@reads("AddV2", "Add", "BiasAdd", "Sub", "Mul", "RealDiv")
def _(trace, op):
    result, (left, right) = op.outputs[0], op.inputs
    if (constant := trace.constant(right)) is not None:
        return [trace.add_affine(result, trace.value(left), **_affine_terms(op.type, constant))]
    if (constant := trace.constant(left)) is not None and op.type != "RealDiv":
        terms = _affine_terms(op.type, constant)
        if op.type == "Sub":
            terms["scale"] = -1.0
        return [trace.add_affine(result, trace.value(right), **terms)]
    names = [trace.value(left), trace.value(right)]
    if op.type == "RealDiv":
        raise NotUnderstood("a quotient of two values")
    if op.type == "Sub":
        names[1] = trace.add_affine(right, names[1], scale=-1.0)
    return [trace.add(ops.Multiply if op.type == "Mul" else ops.Add, result, *names)]


def _affine_terms(type_: str, constant: np.ndarray) -> dict[str, np.ndarray]:
    match type_:
        case "Sub":
            return {"mean": constant}
        case "Mul":
            return {"scale": constant}
        case "RealDiv":
            return {"scale": 1 / constant}
    return {"bias": constant}


@reads("Neg")
def _(trace, op):
    return [trace.add_affine(op.outputs[0], trace.value(op.inputs[0]), scale=-1.0)]


_ACTIVATIONS = {
    "Relu": "relu",
    "Relu6": "relu6",
    "Sigmoid": "sigmoid",
    "Tanh": "tanh",
    "Softmax": "softmax",
    "Abs": "abs",
    "Square": "square",
    "Floor": "floor",
    "Sqrt": "sqrt",
}


@reads(*_ACTIVATIONS)
def _(trace, op):
    return [trace.add(ops.Activation, op.outputs[0], trace.value(op.inputs[0]), kind=_ACTIVATIONS[op.type])]


@reads("LeakyRelu")
def _(trace, op):
    slope = np.float32(op.get_attr("alpha"))
    return [trace.add(ops.Activation, op.outputs[0], trace.value(op.inputs[0]), kind="leaky_relu", alpha=slope)]


@reads("Maximum", "Minimum", "ClipByValue")
def _(trace, op):
    low, high, source = -np.inf, np.inf, op.outputs[0]
    while source.op.type in ("Maximum", "Minimum", "ClipByValue"):
        limits = [trace.operand(source.op, index) for index in range(1, len(source.op.inputs))]
        if any(np.size(limit) != 1 for limit in limits):
            raise NotUnderstood(f"{source.op.type} with a limit that is not a number")
        # The limits met later were applied earlier.
        lower = limits[0] if source.op.type != "Minimum" else -np.inf
        upper = limits[-1] if source.op.type != "Maximum" else np.inf
        low, high = float(np.clip(lower, low, high)), float(np.clip(upper, low, high))
        source = source.op.inputs[0]
    return [trace.call.add_clip(trace.value(source), low, high, part=trace.part)]


_MIRRORED = {"Greater": "Less", "GreaterEqual": "LessEqual", "Less": "Greater", "LessEqual": "GreaterEqual"}


@reads(*_MIRRORED)
def _(trace, op):
    """Truth values are read as +1 and -1. For ``x > t``, t becomes the next larger number."""
    kind, result, (left, right) = op.type, op.outputs[0], op.inputs
    if (threshold := trace.constant(right)) is not None:
        value = trace.value(left)
    elif (threshold := trace.constant(left)) is not None:
        value, kind = trace.value(right), _MIRRORED[kind]
    else:
        value = trace.add(ops.Add, result, trace.value(left), trace.add_affine(right, trace.value(right), scale=-1.0))
        threshold = 0
    if value_shape(result) != trace.call.shape(value):
        raise NotUnderstood("a comparison that widens the value")
    threshold, is_below = np.asarray(threshold, np.float32), kind.startswith("Less")
    if not kind.endswith("Equal"):
        threshold = np.nextafter(threshold, np.float32(-np.inf if is_below else np.inf))
    if threshold.size == np.prod(threshold.shape[-1:]):  # one for all, or one per channel
        threshold = threshold.reshape(threshold.shape[-1:] if threshold.size > 1 else ())
    else:
        threshold = np.broadcast_to(threshold, (1, *value_shape(result)))[0]
    flip = np.ones(value_shape(result)[-1], bool) if is_below else None
    return [trace.add(ops.Binarize, result, value, threshold=threshold, flip=flip)]


@reads("SelectV2", "Select")
def _(trace, op):
    condition, *numbers = op.inputs
    if_true, if_false = (trace.constant(number) for number in numbers)
    if np.size(if_true) != 1 or np.size(if_false) != 1 or if_true is None or if_false is None:
        raise NotUnderstood("a choice between more than two numbers")
    value, levels = trace.value(condition), np.array([if_false, if_true], np.float32).ravel()
    if levels[0] > levels[1]:
        flip = np.ones(value_shape(condition)[-1], bool)
        value, levels = trace.add(ops.Binarize, condition, value, threshold=np.float32(0), flip=flip), levels[::-1]
    if np.array_equal(levels, [-1, 1]):
        return [value]
    return [trace.add(ops.Quantize, op.outputs[0], value, levels=levels.copy(), boundaries=np.zeros(1, np.float32))]


@reads("ConcatV2")
def _(trace, op):
    *tensors, _ = op.inputs
    axis = _axis(trace.operand(op, len(tensors)), op.outputs[0])
    return [trace.add(ops.Concat, op.outputs[0], *map(trace.value, tensors), axis=axis - 1)]


@reads("Split", "SplitV")
def _(trace, op):
    source, axis = (op.inputs[1], trace.operand(op, 0)) if op.type == "Split" else (op.inputs[0], trace.operand(op, 2))
    axis = _axis(axis, source)
    value, rank, begin, names = trace.value(source), len(value_shape(source)), 0, []
    for output in op.outputs:
        begins = tuple(begin if index == axis - 1 else 0 for index in range(rank))
        names.append(trace.add(ops.Slice, output, value, begin=begins, strides=(1,) * rank))
        begin += output.shape[axis]
    return names


def _axis(axis, tensor) -> int:
    """An axis counted from the front, which must not be the batch."""
    axis = int(axis) % tensor.shape.rank
    if axis == 0:
        raise NotUnderstood("an operation over the batch")
    return axis


@reads("StridedSlice")
def _(trace, op):
    source, result = op.inputs[0], op.outputs[0]
    batch, *indices = _slices(op, *(trace.operand(op, index) for index in (1, 2, 3)), source.shape.rank)
    if batch != slice(None):
        raise NotUnderstood("a slice of the batch")
    ranges = [
        range(size)[index] if isinstance(index, slice) else range(size)[index : index + 1 or None]
        for index, size in zip(indices, value_shape(source), strict=True)
    ]
    sliced = trace.call.add(
        ops.Slice,
        trace.value(source),
        part=trace.part,
        shape=tuple(map(len, ranges)),
        begin=tuple(indices.start for indices in ranges),
        strides=tuple(indices.step for indices in ranges),
    )
    if value_shape(result) == trace.call.shape(sliced):
        return [sliced]
    return [trace.add(ops.Reshape, result, sliced)]


def _slices(op, begins, ends, strides, rank: int) -> list[slice | int]:
    """What Python's brackets held, with the ellipsis written out and new axes left out."""

    def masked(name: str, index: int) -> bool:
        return bool(op.get_attr(name) >> index & 1)

    items: list[slice | int] = []
    count = len(begins)
    added = sum(masked("new_axis_mask", index) for index in range(count))
    has_ellipsis = bool(op.get_attr("ellipsis_mask"))
    for index in range(count):
        if masked("ellipsis_mask", index):
            items += [slice(None)] * (rank - (count - added - 1))
        elif masked("shrink_axis_mask", index):
            items.append(int(begins[index]))
        elif not masked("new_axis_mask", index):
            begin = None if masked("begin_mask", index) else int(begins[index])
            end = None if masked("end_mask", index) else int(ends[index])
            step = int(strides[index])
            items.append(slice(begin, end, None if step == 1 else step))
    return items if has_ellipsis else items + [slice(None)] * (rank - len(items))


@reads("Pad", "PadV2")
def _(trace, op):
    value = float(trace.operand(op, 2)) if op.type == "PadV2" else 0.0
    batch, *pads = trace.operand(op, 1).tolist()
    if any(batch):
        raise NotUnderstood("padding of the batch")
    return [trace.add(ops.Pad, op.outputs[0], trace.value(op.inputs[0]), pads=tuple(map(tuple, pads)), value=value)]


@reads("Reshape", "Squeeze", "ExpandDims")
def _(trace, op):
    result, source = op.outputs[0], op.inputs[0]
    if np.prod(value_shape(result)) != np.prod(value_shape(source)):
        raise NotUnderstood("a reshape of the batch")
    return [trace.add(ops.Reshape, result, trace.value(source))]


@reads("MaxPool", "AvgPool")
def _(trace, op):
    _, *size, _ = op.get_attr("ksize")
    _, *strides, _ = op.get_attr("strides")
    padding = op.get_attr("padding").decode().lower()
    if op.get_attr("data_format") != b"NHWC" or padding not in ("same", "valid"):
        raise NotUnderstood(f"{op.type} with another layout or explicit padding")
    kind = "max" if op.type == "MaxPool" else "average"
    fields = {"kind": kind, "size": tuple(size), "strides": tuple(strides), "padding": padding}
    return [trace.add(ops.Pool2D, op.outputs[0], trace.value(op.inputs[0]), **fields)]


@reads("Mean", "Max")
def _(trace, op):
    source = op.inputs[0]
    axes = sorted(int(axis) % source.shape.rank for axis in np.ravel(trace.operand(op, 1)))
    if axes != [1, 2] or source.shape.rank != 4:
        raise NotUnderstood(f"{op.type} over other axes than height and width")
    kind = "max" if op.type == "Max" else "average"
    fields = {"kind": kind, "keep_dims": op.get_attr("keep_dims")}
    return [trace.add(ops.GlobalPool, op.outputs[0], trace.value(source), **fields)]
