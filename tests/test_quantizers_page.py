"""The pages name every quantizer and layer; that of the quantizers, and its curves, follow from what is shipped."""

import re

import numpy as np
import pytest

from docs.curves import OTHER_WEIGHTS, curve
from docs.quantizers import PAGE, page
from larq_focal import layers
from larq_focal.quantizers import QUANTIZERS

LAYERS_PAGE = PAGE.with_name("layers.md")


def test_page_is_what_the_registry_and_the_measurements_say():
    assert PAGE.read_text() == page(), "run `make docs`"


def test_page_names_every_quantizer_and_its_pictures_exist():
    text = PAGE.read_text()
    for row in QUANTIZERS:
        assert f"| `{row.alias}` `" in text
    pictures = re.findall(r"!\[.*?\]\((.*?)\)", text)
    assert pictures
    for picture in pictures:
        assert (PAGE.parent / picture).stat().st_size > 10_000


@pytest.mark.parametrize("path", [PAGE, LAYERS_PAGE], ids=lambda path: path.name)
def test_examples_run(path):
    (example,) = re.findall(r"```python\n(.*?)```", path.read_text(), re.S)
    exec(example, {})


def test_page_of_the_layers_names_every_layer():
    text = LAYERS_PAGE.read_text()
    for name in layers.__all__:
        assert f"| `{name}` |" in text


def drawn(alias: str):
    return curve(next(row for row in QUANTIZERS if row.alias == alias))


def test_curve_of_the_sign():
    sign = drawn("ste_sign")
    np.testing.assert_array_equal(sign.values, [np.where(sign.x >= 0, 1, -1)])
    np.testing.assert_array_equal(sign.gradients, [np.abs(sign.x) <= 1])


def test_curve_of_a_hysteresis_is_a_loop():
    hysteresis = drawn("hysteresis_sign")
    after_minus, after_plus = hysteresis.values
    half = np.abs(OTHER_WEIGHTS).mean() / 2  # of the mean magnitude
    is_in_loop = np.abs(hysteresis.x) < half
    is_clear = np.abs(np.abs(hysteresis.x) - half) > 0.002  # x itself counts for a little of the mean
    np.testing.assert_array_equal((after_minus != after_plus)[is_clear], is_in_loop[is_clear])
    assert 0 < is_in_loop.mean() < 0.2


def test_curve_shows_a_schedule_from_start_to_end():
    steepest = drawn("ede_sign").gradients.max(axis=1)
    np.testing.assert_allclose(steepest, [1, 1, 10], rtol=1e-6)


def test_curve_of_noise_is_its_mean():
    """Of tanh((30 x + noise) / (2 t)), which rises from -1 to +1 whatever the noise: the area under it is 2."""
    gumbel = drawn("gumbel_sign")
    areas = gumbel.gradients.sum(axis=1) * (gumbel.x[1] - gumbel.x[0])
    np.testing.assert_allclose(areas, 2, rtol=0.05)


def test_curve_of_a_local_threshold_looks_at_the_neighbours():
    niblack = drawn("niblack_sign")
    step = niblack.x[np.argmax(niblack.values[0] > 0)]
    assert step > 0.1  # the neighbours' mean is 0.29
