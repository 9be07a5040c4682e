"""A graph comes back from its file as it was; a damaged file is refused."""

import dataclasses
import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from larq_focal.network import GraphError, Kernel, QuantGraph, graph_file, load_graph, ops, save_graph
from tests.network.networks import every_op

same_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def assert_same(first, second):
    assert type(first) is type(second)
    for field in dataclasses.fields(first):
        assert_same_value(getattr(first, field.name), getattr(second, field.name))


def assert_same_value(one, other):
    if isinstance(one, Kernel):
        assert_same(one, other)
    elif isinstance(one, np.ndarray | np.generic):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other, strict=isinstance(one, np.ndarray))
    elif isinstance(one, tuple) and isinstance(other, tuple):
        for first, second in zip(one, other, strict=True):
            assert_same_value(first, second)
    else:
        assert one == other
        assert type(one) is type(other)


def assert_same_graph(first, second):
    assert (first.name, first.outputs) == (second.name, second.outputs)
    for one, other in zip(first, second, strict=True):
        assert_same(one, other)


def test_every_operation_comes_back(tmp_path):
    graph = every_op()
    assert {type(op) for op in graph} == set(ops.OPS.values())
    assert_same_graph(load_graph(save_graph(graph, tmp_path / "net.qgraph")), graph)


def test_shared_arrays_are_shared_again(tmp_path):
    """One array in two operations is one array in the file, and one in what is read."""
    numbers = np.ones(2, np.float32)
    kernel = Kernel.from_values(np.ones((2, 2), np.float32))
    layers = [
        ops.Dense(name=name, inputs=("image",), shape=(2,), kernel=Kernel(kernel.codes, kernel.scale, 1), bias=bias)
        for name, bias in (("a", numbers), ("b", numbers), ("c", numbers.copy()))
    ]
    graph = QuantGraph("net", [ops.Input(name="image", shape=(2,)), *layers], ["a", "b", "c"])
    path = save_graph(graph, tmp_path / "net.qgraph")
    read = load_graph(path)
    assert read["a"].kernel.codes is read["b"].kernel.codes is read["c"].kernel.codes
    assert read["a"].bias is read["b"].bias
    assert read["a"].bias is not read["c"].bias
    with np.load(path) as archive:
        assert len(archive.files) == 1 + 4  # the structure; codes, scale and two biases


names = st.text(min_size=1, max_size=20)
numbers = arrays(np.float32, array_shapes(max_dims=3, max_side=4), elements=st.floats(width=32))


@same_folder
@given(names=st.lists(names, min_size=3, max_size=3, unique=True), origin=st.text(), array=numbers, kind=names)
def test_any_name_and_number_comes_back(tmp_path, names, origin, array, kind):
    image, norm, mystery = names
    shape = (4, 4, 1)
    graph = QuantGraph(
        origin,
        [
            ops.Input(name=image, shape=shape),
            ops.Affine(name=norm, inputs=(image,), shape=shape, origin=origin, mean=array, scale=array, bias=array),
            ops.Unknown(name=mystery, inputs=(norm, image), shape=shape, kind=kind),
        ],
        [mystery],
    )
    assert_same_graph(load_graph(save_graph(graph, tmp_path / "net.qgraph")), graph)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    return save_graph(every_op(), tmp_path_factory.mktemp("written") / "net.qgraph")


@same_folder
@given(share=st.floats(0, 1, exclude_max=True))
def test_a_truncated_file_is_refused(written, tmp_path, share):
    path = tmp_path / "net.qgraph"
    whole = written.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(GraphError, match=r"net.qgraph' is not a readable graph file .*`larq-focal graph`"):
        load_graph(path)


@same_folder
@given(place=st.floats(0, 1, exclude_max=True), change=st.integers(1, 255))
def test_a_damaged_file_is_refused_or_harmless(written, tmp_path, place, change):
    damaged = bytearray(written.read_bytes())
    damaged[int(place * len(damaged))] ^= change
    path = tmp_path / "net.qgraph"
    path.write_bytes(damaged)
    try:
        graph = load_graph(path)
    except GraphError:
        return
    assert_same_graph(graph, every_op())  # a date or another field of the archive that does not matter


def test_a_pickle_is_refused(tmp_path):
    path = tmp_path / "net.qgraph"
    with path.open("wb") as file:
        np.save(file, np.array([{}]), allow_pickle=True)
    with pytest.raises(GraphError, match="not a readable graph file"):
        load_graph(path)


def test_a_later_format_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(graph_file, "FORMAT", "larq_focal.QuantGraph/2")
    path = save_graph(every_op(), tmp_path / "net.qgraph")
    monkeypatch.undo()
    with pytest.raises(GraphError, match=r"has the format 'larq_focal.QuantGraph/2'; this version reads"):
        load_graph(path)


def test_a_missing_file_is_missing(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_graph(tmp_path / "net.qgraph")


def test_anything_but_a_graph_is_refused(tmp_path):
    with pytest.raises(TypeError, match=r"not a dict: read a Keras model by larq_focal\.from_keras"):
        save_graph({}, tmp_path / "network.qgraph")
    assert not list(tmp_path.iterdir())


def with_structure(path, change):
    """The file of every operation with its structure changed by ``change``, which may also return another one."""
    save_graph(every_op(), path)
    with np.load(path) as archive:
        arrays = dict(archive)
    structure = json.loads(arrays["structure.json"].tobytes())
    structure = change(structure, arrays) or structure
    arrays["structure.json"] = np.frombuffer(json.dumps(structure).encode(), np.uint8)
    with path.open("wb") as file:
        np.savez(file, **arrays)
    return path


def fields_of(structure, kind):
    return next(fields for fields in structure["ops"] if fields["op"] == kind)


def texts(structure, arrays):
    name = fields_of(structure, "Affine")["mean"]["array"]
    arrays[name] = np.array(["one"] * len(arrays[name]))


WRONG = {
    "an array of texts": texts,
    "an array for a text": lambda structure, _: fields_of(structure, "Input").update(name={"array": "array0"}),
    "a text for an array": lambda structure, _: fields_of(structure, "Affine").update(mean="mean"),
    "a text for a number": lambda structure, _: fields_of(structure, "Input").update(bits="8"),
    "truth for a number": lambda structure, _: fields_of(structure, "Input").update(bits=True),
    "no pair": lambda structure, _: fields_of(structure, "Conv2D").update(strides=[1, 1, 1]),
    "another choice": lambda structure, _: fields_of(structure, "Conv2D").update(padding="full"),
    "a fraction": lambda structure, _: fields_of(structure, "Conv2D").update(groups=1.5),
    "no groups": lambda structure, _: fields_of(structure, "Conv2D").update(groups=0),
    "no input": lambda structure, _: fields_of(structure, "Conv2D").update(inputs=[]),
    "huge": lambda structure, _: fields_of(structure, "Input").update(bits=10**400),
    "not a number": lambda structure, _: fields_of(structure, "Conv2D").update(pad_value=float("nan")),
    "a huge shape": lambda structure, _: fields_of(structure, "Input").update(shape=[2**30, 2**30]),
    "a negative shape": lambda structure, _: fields_of(structure, "Input").update(shape=[-1, 4]),
    "an unknown field": lambda structure, _: fields_of(structure, "Input").update(colour="red"),
    "an unknown operation": lambda structure, _: fields_of(structure, "Input").update(op="Teleport"),
    "no list": lambda structure, _: structure.update(ops=3),
    "outputs that are numbers": lambda structure, _: structure.update(outputs=[3]),
    "a list": lambda structure, _: [structure],
    "null": lambda structure, _: structure.update(name=None),
}


@pytest.mark.parametrize("name", WRONG)
def test_fields_of_wrong_types_are_refused(name, tmp_path):
    path = with_structure(tmp_path / "net.qgraph", WRONG[name])
    with pytest.raises(GraphError, match=r"net.qgraph' is not a readable graph file .*Write it again") as refused:
        load_graph(path)
    assert len(str(refused.value)) < 600 + len(str(tmp_path))


@pytest.mark.parametrize(("levels", "boundaries"), [((3,), (3,)), ((3,), ()), ((), ()), ((0,), (0,)), ((2, 2), (1,))])
def test_steps_have_a_boundary_between_levels(levels, boundaries):
    with pytest.raises(ValueError, match="'steps' steps over boundaries of the shape"):
        ops.Quantize(name="steps", shape=(4,), levels=np.zeros(levels), boundaries=np.zeros(boundaries))
