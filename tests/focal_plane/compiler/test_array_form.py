"""The list of passes to the array form: each stage computes the same, is checked, and nothing goes around the list."""

import ast
import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from larq_focal.focal_plane.compiler import array_form as owner
from larq_focal.focal_plane.compiler.array_form import LEVELS_AS_SIGNS, PASSES, array_form
from larq_focal.network import GraphError, QuantGraph, interpret, ops
from larq_focal.network.passes import PASSES as CONVERSION_PASSES
from larq_focal.network.passes.sequence import passes_until, run_passes
from tests.focal_plane.compiler.random_sums import drawn, network
from tests.focal_plane.graphs import chain, conv, sign
from tests.support.modules import PACKAGE, modules_in

IMAGE = ops.Input(name="image", shape=(4, 4, 1))


def stages_of(graph: QuantGraph) -> dict[str, QuantGraph]:
    stages: dict[str, QuantGraph] = {}
    assert array_form(graph, after=stages.__setitem__) is [*stages.values()][-1]
    return stages


@settings(max_examples=10)
@given(st.integers(0, 999))
def test_every_stage_computes_the_same(seed):
    graph = network(drawn(seed))
    pixels = np.random.default_rng(seed).normal(size=(2, *graph.inputs[0].shape)).astype(np.float32)
    expected = interpret(graph, pixels)
    stages = stages_of(graph)
    assert list(stages) == list(PASSES)
    for stage in stages.values():
        found = interpret(stage, pixels)
        for name, renamed in zip(graph.outputs, stage.outputs, strict=True):
            np.testing.assert_array_equal(found[renamed], expected[name])


def test_the_first_stage_keeps_the_layers_and_the_last_has_thresholds_on_sums():
    bits = sign("bits", IMAGE)
    layer = conv("layer", bits, 2)
    norm = ops.Affine(
        name="norm",
        inputs=("layer",),
        shape=layer.shape,
        mean=np.float32([1, 2]),
        scale=np.float32([3, 3]),
        bias=np.zeros(2, np.float32),
    )
    stages = stages_of(chain("net", IMAGE, bits, layer, norm, sign("out", norm)))
    assert "norm" in stages[LEVELS_AS_SIGNS]
    folded = [*stages.values()][-1]
    assert "norm" not in folded
    np.testing.assert_array_equal(folded["out"].threshold, [1, 2])


def test_the_array_form_has_itself_as_its_array_form():
    graph = array_form(network(drawn(3)))
    assert [op.name for op in array_form(graph)] == [op.name for op in graph]


def test_what_is_not_understood_stays():
    unknown = ops.Unknown(name="unknown", inputs=("bits",), shape=(4, 4, 1), kind="Something")
    graph = array_form(chain("net", IMAGE, sign("bits", IMAGE), unknown))
    assert (graph["unknown"].kind, graph["unknown"].inputs) == ("Something", ("bits",))


def test_a_pass_that_gives_a_wrong_shape_is_named(monkeypatch):
    def widened(graph: QuantGraph) -> QuantGraph:
        return graph.rewritten(
            dataclasses.replace(op, shape=(4, 4, 3)) if isinstance(op, ops.Binarize) else op for op in graph
        )

    monkeypatch.setattr(owner, "PASSES", {**PASSES, "a fault": widened})
    with pytest.raises(GraphError, match="The pass 'a fault' failed on 'net': 'bits' of 'net' has the shape"):
        array_form(chain("net", IMAGE, sign("bits", IMAGE)))


def test_a_shape_that_was_wrong_before_is_no_fault_of_a_pass():
    wrong = dataclasses.replace(sign("bits", IMAGE), shape=(4, 4, 3))
    assert array_form(chain("net", IMAGE, wrong))["bits"].shape == (4, 4, 3)


def test_an_operation_that_a_pass_left_alone_is_checked_where_it_reads_something_new(monkeypatch):
    def other_image(graph: QuantGraph) -> QuantGraph:
        return graph.rewritten(ops.Input(name="image", shape=(5, 5, 1)) if op is IMAGE else op for op in graph)

    monkeypatch.setattr(owner, "PASSES", {"a fault": other_image})
    with pytest.raises(GraphError, match="The pass 'a fault' failed on 'net': 'bits' of 'net' has the shape"):
        array_form(chain("net", IMAGE, sign("bits", IMAGE)))


def test_a_list_can_end_at_any_pass():
    seen = []
    for name in PASSES:
        until = passes_until(PASSES, name)
        run_passes(chain("net", IMAGE, sign("bits", IMAGE)), until, after=lambda name, _: seen.append(name))
        assert [*until][-1] == seen[-1] == name
    assert len(passes_until(PASSES, next(iter(PASSES)))) == 1


def test_no_name_stands_in_both_lists():
    assert not PASSES.keys() & CONVERSION_PASSES.keys()


def test_nothing_goes_around_the_list():
    """Who needs the array form takes the list, and no pass of it by itself."""
    passes = {rewrite.__name__ for rewrite in PASSES.values()}
    users = set()
    for name, file in modules_in(PACKAGE).items():
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and passes & {alias.name for alias in node.names}:
                users.add(name)
    assert users == {owner.__name__}
