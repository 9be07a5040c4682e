"""The page of training methods follows from what was measured, and its examples run."""

import re

import numpy as np

from docs.training_methods import PAGE, page


def test_page_is_what_the_measurements_say():
    assert PAGE.read_text() == page(), "run `make docs`"


def test_its_pictures_exist():
    for picture in re.findall(r"!\[.*?\]\((.*?)\)", PAGE.read_text()):
        assert (PAGE.parent / picture).stat().st_size > 5000


def test_examples_run_one_after_the_other(capsys):
    examples = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.S)
    names = {"images": np.random.default_rng(0).random((20, 28, 28, 1), np.float32)}
    for example in examples:
        exec(example, names)
    assert len(examples) == 3
    assert names["small"].count_params() < names["model"].count_params()
    assert names["two_bits"].output_shape == (None, 10)
    assert "largest stable rate" in capsys.readouterr().out
