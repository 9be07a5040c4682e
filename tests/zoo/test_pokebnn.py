import numpy as np

from larq_focal.keras import tf
from larq_focal.zoo.networks.pokebnn import BoundedSign


def test_gradient_is_that_of_levels_of_three_halves():
    """AQT's one bit up to a bound of 3 has levels of -3/2 and 3/2, with a derivative of 1 within the bound."""
    x = tf.constant([-3.1, -3.0, -0.5, 0.0, 2.9, 3.1])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = BoundedSign()(x)
    np.testing.assert_array_equal(y, [-1, -1, -1, 1, 1, 1])
    np.testing.assert_allclose(1.5 * tape.gradient(y, x), [0, 1, 1, 1, 1, 0], rtol=1e-6)
