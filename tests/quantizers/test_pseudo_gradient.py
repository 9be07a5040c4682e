"""Functions with a gradient that is not theirs."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from larq_focal.keras import tf
from larq_focal.quantizers import straight_through, with_gradient
from tests.support.quantizer_contract import as_property, small_numbers


@with_gradient(lambda x, factor, power=1: factor * x**power)
def rounded(x, factor, power=1):
    """Whole numbers."""
    return tf.round(x)


@straight_through
def steps(x, size):
    return tf.floor(x / size) * size


TENSORS = arrays(np.float32, (2, 3), elements=small_numbers())


def value_and_gradients(function, x, *others):
    with tf.GradientTape() as tape:
        tape.watch([x, *others])
        value = function(x, *others)
    return value, tape.gradient(value, [x, *others], output_gradients=tf.constant([[1.0, 2, 3], [4, 5, 6]]))


@tf.function
def compiled_rounding(x, factor):
    return value_and_gradients(rounded, x, factor)


@pytest.mark.parametrize("is_compiled", [False, True])
@as_property
@given(x=TENSORS, factor=TENSORS)
def test_the_slope_takes_the_place_of_the_derivative(is_compiled, x, factor):
    call = compiled_rounding if is_compiled else partial(value_and_gradients, rounded)
    value, (gradient, of_factor) = call(tf.constant(x), tf.constant(factor))
    np.testing.assert_array_equal(value, np.round(x))
    np.testing.assert_allclose(gradient, np.arange(1, 7).reshape(2, 3) * (factor * x), rtol=1e-6)
    assert of_factor is None


@as_property
@given(x=TENSORS, size=st.sampled_from([0.25, 0.5, 2.0]))
def test_straight_through_leaves_the_gradient_as_it_is(x, size):
    value, (gradient, of_size) = value_and_gradients(steps, tf.constant(x), tf.constant(size))
    np.testing.assert_array_equal(value, np.floor(x / size) * size)
    np.testing.assert_array_equal(gradient, np.arange(1, 7).reshape(2, 3))
    assert of_size is None


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_the_gradient_has_the_type_of_the_input(dtype):
    x = tf.constant([1.25, -2.5], dtype)
    with tf.GradientTape() as tape:
        tape.watch(x)
        value = steps(x, 1)
    assert value.dtype == tape.gradient(value, x).dtype == x.dtype


def test_variables_are_constants_too_but_for_the_first():
    x, factor = tf.Variable([1.5, 2.5]), tf.Variable([3.0, 4.0])
    with tf.GradientTape() as tape:
        value = rounded(x, factor, power=2)
    gradient, of_factor = tape.gradient(value, [x, factor])
    np.testing.assert_array_equal(gradient, [3 * 1.5**2, 4 * 2.5**2])
    assert of_factor is None


def test_the_function_keeps_its_name_and_its_words():
    assert (rounded.__name__, rounded.__doc__) == ("rounded", "Whole numbers.")
