"""What every class of operation must answer, asked of one of its operations in a network that holds it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import fields, replace
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import numpy as np

from larq_focal.cost import macs_by_bits, other_ops, parameter_bits, peak_activation_bytes, value_bytes
from larq_focal.network import GraphError, Kernel, QuantGraph, load_graph, ops, save_graph, write_tflite
from larq_focal.network.computation import compute
from larq_focal.network.listing import Listing
from larq_focal.network.passes import check_shapes
from larq_focal.network.tflite.read.from_tflite import from_tflite
from larq_focal.network.tflite.write.operators import write


def operation_classes() -> list[type[ops.Op]]:
    """The classes of the package that operations are made of: those that no other class inherits from."""
    for module in iter_modules(ops.__path__):
        import_module(f"{ops.__name__}.{module.name}")
    return [cls for cls in _leaves(ops.Op) if cls.__module__.startswith(f"{ops.__name__}.")]


def _leaves(cls: type) -> Iterator[type]:
    below = [each for each in cls.__subclasses__() if each.__module__.startswith("larq_focal.")]
    for each in below:
        yield from _leaves(each)
    if not below:
        yield cls


def missing_answers(cls: type[ops.Op]) -> list[str]:
    """What a class lacks, without an operation of it."""
    missing = [f"Op.{name}" for name in sorted(cls.__abstractmethods__)]
    if cls.__name__ not in ops.OPS:
        missing.append("name in ops.OPS, by which graph files tell it")
    if issubclass(cls, ops.Input):
        return missing  # is given, not computed
    if compute.dispatch(cls) is compute.dispatch(ops.Op):
        missing.append("rule of the interpreter")
    if not issubclass(cls, ops.Unknown) and write.dispatch(cls) is write.dispatch(ops.Op):
        missing.append("writer of TensorFlow Lite")
    return missing


def wrong_answers(op: ops.Op, inputs: list[np.ndarray], folder: Path) -> list[str]:
    """What an operation says of itself that does not hold, given values of its inputs with a batch axis.

    Args:
        op: the operation; its inputs may have any names.
        inputs: float32 ``[N, *shape]``.
        folder: where a file may be written.
    """
    graph = _alone(op, inputs)
    checks = [*_COSTS, *_FILES]
    if not isinstance(op, ops.Input | ops.Unknown):
        if compute(op, *inputs).shape[1:] != op.shape:
            return ["rule of the interpreter: another shape"]
        checks += _COMPUTED
    return [fault for check in checks for fault in check(op, graph, inputs, folder)]


def _alone(op: ops.Op, inputs: list[np.ndarray]) -> QuantGraph:
    """A network of the operation, each of whose inputs is an input."""
    bits = [8 if isinstance(op, ops.Embedding) else 32] * len(inputs)
    given = {
        name: ops.Input(name=name, shape=x.shape[1:], bits=b)
        for name, x, b in zip(op.inputs, inputs, bits, strict=True)
    }
    return QuantGraph("alone", [*given.values(), op], [op.name])


def _costs_count_what_is_there(op, graph, inputs, folder):
    kernels = [kernel for kernel in _values(op) if isinstance(kernel, Kernel)]
    stored = {id(numbers.array): numbers for numbers in op.numbers()}
    for kernel in kernels:
        numbers = stored.get(id(kernel.codes))
        if numbers is None or (numbers.count, numbers.bits, numbers.is_kernel) != (kernel.size, kernel.bits, True):
            yield "numbers: leaves a kernel out"
    arrays = {id(array) for array in _arrays(op)}
    if not stored.keys() <= arrays:
        yield "numbers: an array that the operation does not hold"
    if parameter_bits(op) != sum(numbers.count * numbers.bits for numbers in op.numbers()):
        yield "numbers: are not what the cost counts"
    counts: Counter = macs_by_bits(graph)
    if any(not (len(bits) == 2 and min(bits) > 0 and count > 0) for bits, count in counts.items()):
        yield "products: not counts by pairs of widths"
    steps = op.steps_per_element([x.shape[1:] for x in inputs])
    if any(not (isinstance(kind, str) and count >= 0) for kind, count in steps.items()):
        yield "steps_per_element: not counts by kind"
    if other_ops(graph, op) != +Counter({kind: count * int(np.prod(op.shape)) for kind, count in steps.items()}):
        yield "steps_per_element: are not what the cost counts"


def _memory_is_that_of_the_value(op, graph, inputs, folder):
    expected = -(-int(np.prod(op.shape)) * graph.bits(op.name) // 8)
    if value_bytes(graph, op) != expected or peak_activation_bytes(graph) < expected:
        yield "value_bits: not what the activation memory counts"
    if op.works_in_place and (len(inputs) != 1 or np.prod(inputs[0].shape[1:]) != np.prod(op.shape)):
        yield "works_in_place: the value is not of the size of the one input"


def _is_described(op, graph, inputs, folder):
    row = Listing(graph).to_dict()["operations"][-1]
    if (row["operation"], row["reads"], row["shape"]) != (op.name, [*op.inputs], [*op.shape]):
        yield "description: another operation"
    if not row["kind"].startswith(type(op).__name__):
        yield "description: does not name the class"
    if type(op).__name__ not in op.label and getattr(op, "kind", "?") not in op.label:
        yield "label: does not name the operation"


def _is_the_same_from_a_graph_file(op, graph, inputs, folder):
    read = load_graph(save_graph(graph, folder / "alone.qgraph"))[op.name]
    plain = [field.name for field in fields(op) if _is_plain(getattr(op, field.name))]
    if type(read) is not type(op) or [getattr(read, name) for name in plain] != [getattr(op, name) for name in plain]:
        yield "graph file: another operation"
    for mine, other in zip(_arrays(op), _arrays(read), strict=True):
        if mine.dtype != other.dtype or not np.array_equal(mine, other):
            yield "graph file: other numbers"


def _is_written_or_refused_by_name(op, graph, inputs, folder):
    try:
        content = write_tflite(graph)
    except GraphError as error:
        if f"'{op.name}'" not in str(error):
            yield "writer of TensorFlow Lite: refuses without the name"
        return
    read = from_tflite(content)
    if read[read.outputs[0]].shape != op.shape:
        yield "writer of TensorFlow Lite: writes another shape"


def _keeps_its_limits(op, graph, inputs, folder):
    value = compute(op, *inputs)
    low, high = op.limits
    if value.min() < low or value.max() > high:
        yield "limits: a value lies outside"


def _a_wrong_shape_is_refused(op, graph, inputs, folder):
    for axis in range(len(op.shape)):
        wrong = tuple(size + 100 * (place == axis) for place, size in enumerate(op.shape))
        try:
            check_shapes(graph.rewritten([*graph.ops[:-1], replace(op, shape=wrong)]))
        except GraphError as error:
            if f"'{op.name}'" not in str(error):
                yield "shape: refused without the name"
        else:
            yield f"shape: {wrong} is taken for right"


def _moves_what_it_says(op, graph, inputs, folder):
    constants = [value for value in _values(op) if isinstance(value, float)]
    is_there = np.isin(compute(op, *inputs), np.concatenate([*map(np.ravel, inputs), constants]))
    if op.moves_elements and not is_there.all():
        yield "moves_elements: an element is of no input"


def _is_as_monotonic_as_it_says(op, graph, inputs, folder):
    for changed in _sweeps(op, inputs) if op.is_monotonic else ():
        steps = np.diff(compute(op, *changed), axis=0)
        if not ((steps >= 0).all(0) | (steps <= 0).all(0)).all():
            yield "is_monotonic: a value rises and falls"
            return


def _constants_vary_as_it_says(op, graph, inputs, folder):
    if op.constant_axes is None:
        return
    for changed in _sweeps(op, inputs):
        is_moved = np.any([np.ptp(x, axis=0) != 0 for x in changed], axis=0)
        if np.ptp(compute(op, *changed), axis=0)[~is_moved].any():
            yield "constant_axes: depends on other places"
            return
    if op.constant_axes > 1:
        return
    alike = op.shape[: len(op.shape) - op.constant_axes]  # the axes over which nothing varies
    order = np.random.default_rng(0).permutation(int(np.prod(alike)))

    def shuffled(x: np.ndarray) -> np.ndarray:
        return x.reshape(len(x), len(order), -1)[:, order].reshape(x.shape)

    if not np.array_equal(shuffled(compute(op, *inputs)), compute(op, *map(shuffled, inputs))):
        yield "constant_axes: more axes differ"


_COSTS = (_costs_count_what_is_there, _memory_is_that_of_the_value, _is_described)
_FILES = (_is_the_same_from_a_graph_file, _is_written_or_refused_by_name)
_COMPUTED = (
    *(_keeps_its_limits, _a_wrong_shape_is_refused),
    *(_moves_what_it_says, _is_as_monotonic_as_it_says, _constants_vary_as_it_says),
)


def _sweeps(op: ops.Op, inputs: list[np.ndarray], count: int = 4) -> Iterator[list[np.ndarray]]:
    """Inputs of which one element takes rising values over the batch, and nothing else changes."""
    rising = np.linspace(-4, 4, 33, dtype=np.float32)
    random = np.random.default_rng(0)
    for index, x in enumerate(inputs):
        for place in random.choice(x[0].size, min(count, x[0].size), replace=False):
            changed = [np.repeat(other[:1], len(rising), 0) for other in inputs]
            changed[index].reshape(len(rising), -1)[:, place] = rising
            yield changed


def _is_plain(value) -> bool:
    return all(map(_is_plain, value)) if isinstance(value, tuple) else isinstance(value, str | int | float | None)


def _values(item: ops.Op) -> Iterator:
    for field in fields(item):
        value = getattr(item, field.name)
        yield from value if isinstance(value, tuple) else (value,)


def _arrays(op: ops.Op) -> Iterator[np.ndarray]:
    for value in _values(op):
        for array in (value.codes, value.scale) if isinstance(value, Kernel) else (value,):
            if isinstance(array, np.ndarray | np.generic):
                yield array
