"""Every class of operation gives every answer, and the answers hold; a class that lacks one is found."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
import pytest

from larq_focal.network import interpret, ops
from larq_focal.network.computation import compute
from larq_focal.network.ops.base import NotElementwise, Weightless
from larq_focal.network.ops.elementwise import Elementwise
from tests.network.networks import every_op
from tests.support.operation_contract import missing_answers, operation_classes, wrong_answers

GRAPH = every_op()


@pytest.fixture(scope="module")
def values() -> dict[str, np.ndarray]:
    image = np.random.default_rng(1).integers(0, 9, (2, 8, 8, 4))
    wanted = [op.name for op in GRAPH if op not in GRAPH.unknown]
    return interpret(GRAPH, image, wanted)


def inputs_of(op: ops.Op, values) -> list[np.ndarray]:
    return [values[name] for name in op.inputs]


def test_the_classes_are_those_of_graph_files():
    assert {*operation_classes()} == {*ops.OPS.values()}


@pytest.mark.parametrize("cls", operation_classes(), ids=lambda cls: cls.__name__)
def test_every_class_answers(cls):
    assert not missing_answers(cls)


@pytest.mark.parametrize("cls", operation_classes(), ids=lambda cls: cls.__name__)
def test_answers_hold(cls, values, tmp_path):
    samples = [op for op in GRAPH if type(op) is cls]
    assert samples, f"every_op() has no {cls.__name__}"
    assert not [fault for op in samples for fault in wrong_answers(op, inputs_of(op, values), tmp_path)]


def test_a_class_that_answers_nothing_is_found():
    class Silent(ops.Op):
        """Says nothing of itself."""

    answers = ("constant_axes", "is_monotonic", "moves_elements", "numbers", "products", "steps_per_element")
    missing = missing_answers(Silent)
    assert {f"Op.{name}" for name in (*answers, "works_in_place")} < {*missing}
    assert {"rule of the interpreter", "writer of TensorFlow Lite"} < {*missing}
    with pytest.raises(TypeError, match="abstract"):
        Silent(name="x", shape=(1,))


@pytest.mark.parametrize("left_out", ["constant_axes", "is_monotonic", "numbers", "products", "steps_per_element"])
def test_a_single_answer_that_is_left_out_is_found(left_out):
    answers = {"moves_elements": False, "works_in_place": False, "is_monotonic": False, "constant_axes": None}
    answers |= dict.fromkeys(("numbers", "products", "steps_per_element"), lambda self, *inputs: ())
    forgetful = type("Forgetful", (ops.Op,), {name: answer for name, answer in answers.items() if name != left_out})
    assert [answer for answer in missing_answers(forgetful) if answer.startswith("Op.")] == [f"Op.{left_out}"]


def test_a_class_without_rules_is_found():
    class Bare(Weightless, NotElementwise):
        """Says what it is, but nobody computes or writes it."""

        def steps_per_element(self, input_shapes):
            return {}

    assert missing_answers(Bare) == [
        "name in ops.OPS, by which graph files tell it",
        "rule of the interpreter",
        "writer of TensorFlow Lite",
    ]


@dataclass(frozen=True, eq=False, kw_only=True)
class Wave(Elementwise):
    """The sine, which says of itself what a test wants."""

    claims: tuple = ()

    works_in_place = True

    @property
    def moves_elements(self):
        return "moves" in self.claims

    @property
    def is_monotonic(self):
        return "is monotonic" in self.claims

    @property
    def constant_axes(self):
        return 0

    @property
    def limits(self):
        return (0, 1) if "is positive" in self.claims else (-1, 1)

    def numbers(self):
        return ()

    def steps_per_element(self, input_shapes):
        return {"sine": -1 if "costs less than nothing" in self.claims else 1}


@compute.register
def _(op: Wave, x):
    x = np.sin(x)
    x = x[:, ::-1] if "depends on others" in op.claims else x
    return x[..., :-1] if "has another shape" in op.claims else x


@pytest.fixture
def known(monkeypatch):
    monkeypatch.setitem(ops.OPS, "Wave", Wave)


@pytest.mark.parametrize(
    ("claim", "fault"),
    [
        ("moves", "moves_elements: an element is of no input"),
        ("is monotonic", "is_monotonic: a value rises and falls"),
        ("is positive", "limits: a value lies outside"),
        ("costs less than nothing", "steps_per_element: not counts by kind"),
        ("depends on others", "constant_axes: depends on other places"),
        ("has another shape", "rule of the interpreter: another shape"),
    ],
)
def test_an_answer_that_does_not_hold_is_found(claim, fault, known, tmp_path):
    x = np.random.default_rng(0).normal(size=(2, 4, 4, 3)).astype(np.float32)
    wave = Wave(name="wave", inputs=("x",), shape=(4, 4, 3))
    assert not wrong_answers(wave, [x], tmp_path)
    assert fault in wrong_answers(replace(wave, claims=(claim,)), [x], tmp_path)


def test_a_kernel_that_is_not_counted_is_found(monkeypatch, tmp_path):
    @dataclass(frozen=True, eq=False, kw_only=True)
    class Forgetful(ops.Dense):
        def numbers(self):
            return ()

    monkeypatch.setitem(ops.OPS, "Forgetful", Forgetful)
    (dense,) = (op for op in GRAPH if type(op) is ops.Dense)
    forgetful = Forgetful(**vars(dense))
    x = np.zeros((2, 32), np.float32)
    assert wrong_answers(dense, [x], tmp_path) == []
    assert "numbers: leaves a kernel out" in wrong_answers(forgetful, [x], tmp_path)
    assert forgetful.products([32], [(32,)]) == Counter({(32, 32): 96})
