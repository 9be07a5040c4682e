"""The suite of runs."""

import pytest

from larq_focal.bench.suite import SUITE, choose


def test_all_by_default_with_binary_beside_int8():
    names = [entry.name for entry in choose(None)]
    assert names == list(SUITE)
    assert {"full_precision", "int8", "ste_sign", "hysteresis", "gumbel", "lab"} == set(names)


def test_int8_brings_the_run_that_it_builds_on():
    assert [entry.name for entry in choose(["int8"])] == ["full_precision", "int8"]


def test_order_is_the_suites():
    assert [entry.name for entry in choose(["lab", "ste_sign"])] == ["ste_sign", "lab"]


def test_unknown_name_is_refused_with_the_choice():
    with pytest.raises(ValueError, match="No run named xnor: choose from full_precision"):
        choose(["xnor", "lab"])
