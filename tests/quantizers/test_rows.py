"""The rows of the quantizers: one for each class, found from the package, and what they derive and state."""

from __future__ import annotations

import inspect
from importlib import import_module

import numpy as np
import pytest

from larq_focal import quantizers
from larq_focal.keras import keras, tf
from larq_focal.keras import larq as lq
from larq_focal.quantizers import FAMILIES, QUANTIZERS, quantizer_row, row_named, row_of
from larq_focal.quantizers.parts.row import ROWS
from larq_focal.quantizers.registry import PUBLIC_NAMES, family_modules
from tests.support.modules import PACKAGE, modules_in
from tests.support.quantizer_contract import AnyValuesContract
from tests.test_imports_one_way import imports_of
from tools.quantizers_stub import REFERENCE, STUB, reference, stub

HOME = "larq_focal.quantizers"
OURS = [row for row in QUANTIZERS if row.quantizer.__module__.startswith(HOME)]


def by_alias(rows):
    return [pytest.param(row, id=row.alias) for row in rows]


def classes_in(module: str) -> list[type]:
    """The quantizers that a module defines."""
    found = vars(import_module(module)).values()
    return [
        each
        for each in found
        if inspect.isclass(each) and each.__module__ == module and issubclass(each, lq.quantizers.Quantizer)
    ]


def files_of(*folders: str) -> list[str]:
    """The modules below these folders of the quantizers, as they lie on the disk."""
    inside = tuple(f"{HOME}.{folder}." for folder in folders)
    return sorted(name for name in modules_in(PACKAGE) if name.startswith(inside))


def test_every_quantizer_has_its_row_and_every_row_its_quantizer():
    found = [quantizer for module in files_of(*FAMILIES) for quantizer in classes_in(module)]
    assert found and len(found) == len(OURS)
    assert set(found) == {row.quantizer for row in OURS}


def test_every_file_of_a_family_holds_one_quantizer_and_is_collected():
    on_disk = [module for family in FAMILIES for module in files_of(family)]
    assert [module.__name__ for module in family_modules()] == on_disk
    for module in on_disk:
        assert len(classes_in(module)) == 1, module


def test_quantizers_import_nothing_that_is_built_on_them():
    """What the door collects is no import that the test of circles could see."""
    modules = modules_in(PACKAGE)
    below = ("larq_focal.nn", HOME)
    for module in files_of(*FAMILIES, "parts"):
        above = [name for name in imports_of(module, modules) if not name.startswith(below)]
        assert not above, f"{module} imports {', '.join(above)}"


def test_every_folder_is_a_family_or_holds_parts():
    packages = {name.split(".")[2] for name in modules_in(PACKAGE) if name.count(".") == 3 and name.startswith(HOME)}
    assert packages == {*FAMILIES, "parts"}


def test_parts_are_no_quantizers_by_themselves():
    assert not {base for module in files_of("parts") for base in classes_in(module)} & ROWS.keys()


def test_every_class_is_a_public_name_and_no_name_is_offered_twice():
    for row in OURS:
        assert getattr(quantizers, row.quantizer.__name__) is row.quantizer
    names = [name for module in family_modules() for name in module.__all__]
    assert sorted(names) == sorted(PUBLIC_NAMES)
    assert len(set(quantizers.__all__)) == len(quantizers.__all__)


def test_editors_read_the_names_that_there_are():
    assert STUB.read_text() == stub(), "run `make docs`"
    assert REFERENCE.read_text() == reference(), "run `make docs`"
    assert {line.split(" as ")[1].strip(",\n") for line in STUB.read_text().split("\n") if " as " in line} == set(
        quantizers.__all__
    )


def test_every_row_has_its_contract():
    """Of every quantizer a class of tests says what it computes."""
    for module in files_of_tests():
        import_module(module)
    tested, waiting = set(), [AnyValuesContract]
    while waiting:
        each = waiting.pop()
        waiting += each.__subclasses__()
        tested.add(getattr(each, "alias", None))
    assert {row.alias for row in QUANTIZERS} <= tested


def files_of_tests() -> list[str]:
    return [name for name in modules_in(PACKAGE.parent / "tests") if name.startswith("tests.quantizers.test_")]


@pytest.mark.parametrize("row", by_alias(QUANTIZERS))
def test_a_row_says_all_that_there_is_to_say(row):
    assert row.summary.endswith(".") and row.levels and row.lowering and row.source
    assert row.kernel or row.activation
    assert row_named(row.alias) is row_of(row.quantizer()) is row
    assert keras.utils.get_custom_objects()[row.alias] is row.quantizer


def test_what_is_left_out_follows_from_the_class():
    row = row_of(quantizers.TanhSign())
    assert (row.alias, row.family, row.levels) == ("tanh_sign", "signs", "-1, +1")
    assert row.summary == "The sign, with the derivative of tanh(m x)."
    assert row.source == "https://github.com/computational-imaging/PixelRNN"
    assert (row.trainable, row.state, row.schedule) == ((), (), None)
    assert row.lowering == "kernel packed; one packing operation for inputs"
    libra = row_named("libra_sign")
    assert libra.source == "https://arxiv.org/abs/1909.10788, https://github.com/htqin/IR-Net"
    assert libra.lowering == "kernel packed; the scale becomes the multiplier of the binary convolution"
    assert (libra.state, libra.schedule) == (("steepness",), quantizers.ErrorDecay)
    assert row_named("recu_sign").schedule is quantizers.ReCUTau
    assert "ECCV 2018" in row_named("ternary_sign").source
    assert row_named("ternary_sign").input_levels == (-1, 0, 1) == row_named("ternary_weights").kernel_levels


def test_only_a_row_that_is_asked_for_is_inherited():
    class Mine(quantizers.TanhSign):
        pass

    assert row_of(Mine()) is None is row_of(object())
    assert row_of(Mine(), inherited=True) is row_named("tanh_sign")


def test_an_alias_that_is_taken_is_refused():
    class XnorSign2(quantizers.TanhSign):
        pass

    with pytest.raises(ValueError, match="XnorSign2: the alias 'xnor_sign' is that of XnorSign"):
        quantizer_row(alias="xnor_sign", kernel="packed")(XnorSign2)
    assert row_of(XnorSign2()) is None


def test_a_lowering_that_does_not_follow_must_be_said():
    class Mine(quantizers.TanhSign):
        pass

    with pytest.raises(ValueError, match="Mine: its row must say by `lowering` what becomes of it"):
        quantizer_row(kernel="float")(Mine)
    assert row_of(Mine()) is None


def evaluated(row, x: np.ndarray) -> np.ndarray:
    return row.quantizer()(tf.constant(x), training=False).numpy()


@pytest.mark.parametrize("row", by_alias(row for row in QUANTIZERS if row.values))
def test_values_are_those_that_it_produces(row):
    x = np.random.default_rng(0).normal(0, 0.8, (3, 3, 64, 2)).astype(np.float32)
    x = x.transpose(2, 0, 1, 3) if row.kernel is None else x
    quantized = evaluated(row, x)
    values = quantized / np.abs(quantized).max() * np.abs(row.values).max()
    np.testing.assert_allclose(np.unique(np.round(values, 4)), np.round(row.values, 4))


@pytest.mark.parametrize("row", by_alias(row for row in QUANTIZERS if row.reading == "sign"))
def test_a_sign_is_that_of_each_value(row):
    x = np.random.default_rng(0).normal(size=(3, 3, 8, 4)).astype(np.float32)
    x[0, 0, 0] = [0.0, -0.0, 1e30, -1e30]
    np.testing.assert_array_equal(evaluated(row, x), np.where(x >= 0, 1, -1))


@pytest.mark.parametrize("row", by_alias(row for row in QUANTIZERS if row.even_levels))
def test_even_levels_are_the_multiples_of_a_step_from_zero(row):
    x = np.linspace(-1, 9, 1001, dtype=np.float32)[:, None]
    quantizer = row.quantizer()
    quantized = quantizer(tf.constant(x)).numpy()
    step = row.even_levels(quantizer, tf.float32).numpy()
    np.testing.assert_allclose(np.unique(quantized), step * np.arange(2**quantizer.precision), rtol=1e-6)
