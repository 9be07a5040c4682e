"""Images of a network from files, by the names of inputs and of channels."""

from __future__ import annotations

import numpy as np
import pytest

from larq_focal.deploy.image_files import read_images
from larq_focal.deploy.input_error import InputError

SHAPES = {"left": (4, 5, 1), "colours": (4, 5, 3)}
RNG = np.random.default_rng(0)
GREYS = {name: RNG.integers(0, 256, (4, 5), np.uint8) for name in "abcd"}
COLOURS = np.stack([GREYS[name] for name in "bcd"], -1)


@pytest.fixture
def folder(tmp_path):
    image = pytest.importorskip("PIL.Image")
    for name, grey in GREYS.items():
        image.fromarray(grey).save(tmp_path / f"{name}.png")
    image.fromarray(COLOURS).save(tmp_path / "colours.png")
    np.save(tmp_path / "a.npy", GREYS["a"] / np.float32(255))
    np.save(tmp_path / "two.npy", np.zeros((2, 4, 5, 1)))
    np.savez(tmp_path / "all.npz", left=GREYS["a"], colours=COLOURS)
    np.savez(tmp_path / "parts.npz", left=GREYS["a"], **{f"colours:{i}": GREYS[name] for i, name in enumerate("bcd")})
    np.savez(tmp_path / "pickled.npz", left=np.array([{}], object), allow_pickle=True)
    return tmp_path


def assert_all(images):
    assert list(images) == ["left", "colours"]
    np.testing.assert_array_equal(images["left"], GREYS["a"][..., None])
    np.testing.assert_array_equal(images["colours"], COLOURS)


def test_a_file_for_each_input_or_channel(folder):
    assert_all(read_images({"colours": folder / "colours.png", "left": folder / "a.png"}, SHAPES))
    channels = {f"colours:{number}": folder / f"{name}.png" for number, name in enumerate("bcd")}
    assert_all(read_images({"left": folder / "a.png", **channels}, SHAPES))


@pytest.mark.parametrize("archive", ["all.npz", "parts.npz"])
def test_all_in_an_archive(folder, archive):
    assert_all(read_images(folder / archive, SHAPES))


def test_one_input_takes_a_file(folder):
    shapes = {"left": SHAPES["left"]}
    assert read_images(folder / "a.png", shapes)["left"].dtype == np.uint8
    np.testing.assert_array_equal(read_images(folder / "a.npy", shapes)["left"][..., 0], np.load(folder / "a.npy"))


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ("a.png", "takes the images left, colours: give a file for each name"),
        ({"left": "a.png"}, r"needs an image for 'colours': it takes left \[4, 5, 1\], colours \[4, 5, 3\]"),
        ({"left": "a.png", "colours:0": "b.png", "colours:2": "b.png"}, "of its channels not colours:1"),
        ({"left": "a.png", "colours": "colours.png", "up": "b.png"}, "no input or channel called 'up'"),
        ({"left": "a.png", "colours": "colours.png", "left:0": "b.png"}, "no input or channel called 'left:0'"),
        ({"left": "two.npy", "colours": "colours.png"}, r"two.npy' holds an array of the shape \[2, 4, 5, 1\]"),
        ({"left": "a.png", "colours:0": "a.npy", "colours:1": "b.png", "colours:2": "b.png"}, "give all alike"),
        ("pickled.npz", "holds pickled Python objects"),
    ],
)
def test_what_does_not_fit_is_named(folder, files, message):
    given = {name: folder / file for name, file in files.items()} if isinstance(files, dict) else folder / files
    with pytest.raises(InputError, match=message):
        read_images(given, SHAPES)
