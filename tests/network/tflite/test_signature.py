"""Inputs and outputs stand in the order of a file's signature, with its names, whatever the order of the graph is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from larq_focal.deploy.conversion.ends import with_ends
from larq_focal.deploy.runtime import Runtime
from larq_focal.network.interpret import interpret
from larq_focal.network.names import unique
from larq_focal.network.tflite.flatbuffer import read_flatbuffer
from larq_focal.network.tflite.read.from_tflite import from_tflite
from larq_focal.network.tflite.signature import in_order
from tests.support.flatbuffers import CallSpec, TensorSpec, tflite
from tests.support.stacks import LCE_ENGINE


def two_by_two(inputs=("x", "y"), outputs=("sum", "difference"), signature=None) -> bytes:
    """Adds and subtracts; ``sum`` has a fused activation, so that it is two operations."""
    floats = TensorSpec((1, 3))
    return tflite(
        dict.fromkeys(("x", "y", "sum", "difference"), floats),
        [
            CallSpec("ADD", ["x", "y"], ["sum"], "AddOptions", {"fusedActivationFunction": 1}),
            CallSpec("SUB", ["x", "y"], ["difference"], "SubOptions"),
        ],
        list(inputs),
        list(outputs),
        signature,
    )


SIGNATURE = {"zeta": "x", "alpha": "y"}, {"steering": "difference", "collision": "sum"}
X, Y = np.array([[1, 2, 3]], np.float32), np.array([[4, 4, -9]], np.float32)


@pytest.mark.parametrize("engine", ["litert", LCE_ENGINE])
@pytest.mark.parametrize("inputs", [("x", "y"), ("y", "x")])
@pytest.mark.parametrize("outputs", [("sum", "difference"), ("difference", "sum")])
def test_the_signature_decides(engine, inputs, outputs):
    runtime = Runtime(two_by_two(inputs, outputs, SIGNATURE), engine=engine)
    assert runtime.input_names == ("zeta", "alpha")
    assert runtime.output_names == ("steering", "collision")
    steering, collision = runtime.run({"alpha": Y, "zeta": X})
    assert steering.tolist() == (X - Y).tolist()
    assert collision.tolist() == [[5, 6, 0]]


def test_the_graph_has_the_names_and_the_order_too():
    graph = from_tflite(two_by_two(("y", "x"), ("sum", "difference"), SIGNATURE))
    assert [op.name for op in graph.inputs] == ["zeta", "alpha"]
    assert graph.outputs == ("steering", "collision")
    values = interpret(graph, {"zeta": X, "alpha": Y}, graph.outputs)
    assert values["steering"].tolist() == (X - Y).tolist()
    assert values["collision"].tolist() == [[5, 6, 0]]


def test_without_a_signature_the_graph_decides():
    model = read_flatbuffer(two_by_two(("y", "x")))
    assert (model.input_names, model.output_names) == (("y", "x"), ("sum", "difference"))


def test_a_signature_that_leaves_some_out_only_names_the_others():
    model = read_flatbuffer(two_by_two(("y", "x"), signature=({"left": "x"}, {"plus": "sum"})))
    assert (model.input_names, model.output_names) == (("y", "left"), ("plus", "difference"))


def test_one_tensor_may_be_several_outputs():
    runtime = Runtime(two_by_two(outputs=("sum", "sum"), signature=({"x": "x", "y": "y"}, {"b": "sum", "a": "sum"})))
    assert runtime.output_names == ("b", "a")
    assert [output.tolist() for output in runtime.run({"x": X, "y": Y})] == [[[5, 6, 0]]] * 2


def test_numbered_outputs_are_in_the_order_of_their_numbers():
    names = sorted(f"output_{number}" for number in range(12))
    assert names[2] == "output_10"
    ordered = in_order(range(12), [(name, place) for place, name in enumerate(names)])
    assert [name for name, _ in ordered] == [f"output_{number}" for number in range(12)]
    assert in_order([0, 1], [("b2", 0), ("a10", 1)]) == [("b2", 0), ("a10", 1)]


@given(st.lists(st.sampled_from(["a", "b", "a#2", "c"]), max_size=8))
def test_names_are_made_unique(names):
    called = unique(names)
    assert len(set(called)) == len(names)
    assert all(new.startswith(old) for new, old in zip(called, names, strict=True))


@given(
    st.permutations(["zeta", "alpha"]),
    st.permutations(["steering", "collision"]),
    st.permutations(["x", "y"]),
    st.permutations(["sum", "difference"]),
)
def test_a_file_takes_any_order_and_stays_the_same_otherwise(inputs, outputs, graph_inputs, graph_outputs):
    before = two_by_two(graph_inputs, graph_outputs, SIGNATURE)
    content = with_ends(before, inputs, outputs)
    model = read_flatbuffer(content)
    assert (list(model.input_names), list(model.output_names)) == (inputs, outputs)
    assert [model.tensors[index].name for index in model.graph_inputs] == inputs
    assert [model.tensors[index].name for index in model.graph_outputs] == outputs
    changed = sum(a != b for a, b in zip(before, content, strict=False))
    assert changed <= 4 * (2 * 4 + 4)  # indices and offsets of the ends, and of their names
    results = Runtime(content).run({"zeta": X, "alpha": Y})
    expected = {"steering": (X - Y).tolist(), "collision": [[5, 6, 0]]}
    assert [result.tolist() for result in results] == [expected[name] for name in outputs]


def test_other_names_are_refused():
    with pytest.raises(ValueError, match="collision"):
        with_ends(two_by_two(signature=SIGNATURE), ["zeta", "alpha"], ["steering", "other"])
    with pytest.raises(ValueError, match="no signature"):
        with_ends(two_by_two(), ["x", "y"], ["sum", "difference"])
