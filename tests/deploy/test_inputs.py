"""Files become inputs by stated rules, and what does not fit is named."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from PIL import Image

from larq_focal.datasets.dataset import as_input
from larq_focal.deploy.input_error import InputError
from larq_focal.deploy.inputs import read_array, read_samples
from larq_focal.deploy.pixels import SCALES

PIXELS = np.random.default_rng(0).integers(0, 256, (6, 8, 3), np.uint8)
SHAPE = (6, 8, 3)


@pytest.fixture
def picture(tmp_path):
    """Saves pixels as an image file."""

    def save(pixels=PIXELS, name="picture.png", **options):
        Image.fromarray(pixels).save(tmp_path / name, **options)
        return tmp_path / name

    return save


class TestArrays:
    def test_with_and_without_a_batch_axis(self, tmp_path):
        batch = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
        np.save(tmp_path / "batch.npy", batch)
        np.save(tmp_path / "one.npy", batch[1])
        assert np.array_equal(read_samples(tmp_path / "batch.npy", (3, 4)), batch)
        assert np.array_equal(read_samples(tmp_path / "one.npy", (3, 4)), batch[1:])

    def test_values_are_taken_as_they_are(self, tmp_path):
        for dtype in (np.uint8, np.int8, np.float64):
            np.save(tmp_path / "a.npy", np.array([[1, 2]], dtype))
            read = read_samples(tmp_path / "a.npy", (2,), "int8")
            assert read.dtype == dtype and read.tolist() == [[1, 2]]

    def test_pixels_are_scaled_where_asked(self, tmp_path):
        np.save(tmp_path / "a.npy", PIXELS)
        assert np.array_equal(read_samples(tmp_path / "a.npy", SHAPE, scale="unit")[0], PIXELS / np.float32(255))
        np.save(tmp_path / "a.npy", PIXELS.astype(float))
        with pytest.raises(InputError, match=r"a\.npy' holds float64; only pixels"):
            read_samples(tmp_path / "a.npy", SHAPE, scale="unit")

    def test_other_shapes_are_refused(self, tmp_path):
        np.save(tmp_path / "a.npy", np.zeros((2, 4, 3)))
        with pytest.raises(InputError, match=r"shape \[2, 4, 3\]; the network takes \[3, 4\] or \[batch, 3, 4\]"):
            read_samples(tmp_path / "a.npy", (3, 4))

    def test_damaged_files_are_named(self, tmp_path):
        np.save(tmp_path / "cut.npy", np.zeros(100))
        (tmp_path / "cut.npy").write_bytes((tmp_path / "cut.npy").read_bytes()[:-9])
        np.save(tmp_path / "objects.npy", np.array([{}]), allow_pickle=True)
        (tmp_path / "empty.npy").touch()
        (tmp_path / "text.npy").write_text("1 2 3")
        for name in ("cut", "objects", "empty", "text"):
            with pytest.raises(InputError, match=rf"{name}\.npy' is not a whole \.npy array"):
                read_array(tmp_path / f"{name}.npy")
        with (tmp_path / "many.npy").open("wb") as file:
            np.savez(file, a=np.zeros(2))
        with pytest.raises(InputError, match="archive of arrays"):
            read_array(tmp_path / "many.npy")
        with pytest.raises(FileNotFoundError):
            read_array(tmp_path / "none.npy")


class TestImages:
    def test_pixels_of_the_right_size_are_kept(self, picture):
        samples = read_samples(picture(), SHAPE, scale="raw")
        assert samples.dtype == np.float32
        assert np.array_equal(samples[0], PIXELS)
        assert read_samples(picture(), SHAPE, "uint8").dtype == np.uint8
        assert np.array_equal(read_samples(picture(), SHAPE, "uint8")[0], PIXELS)

    @pytest.mark.parametrize(
        ("scale", "black", "white"), [("centred", -0.5, 127 / 256), ("signed", -1, 1), ("unit", 0, 1), ("raw", 0, 255)]
    )
    def test_scales(self, scale, black, white, picture):
        pixels = np.zeros(SHAPE, np.uint8)
        pixels[:3] = 255
        samples = read_samples(picture(pixels), SHAPE, scale=scale)
        assert samples.dtype == np.float32
        assert (samples.min(), samples.max()) == pytest.approx((black, white))

    def test_imagenet_statistics(self, picture):
        pixels = np.full(SHAPE, (124, 116, 104), np.uint8)  # the mean colour, rounded
        assert np.abs(read_samples(picture(pixels), SHAPE, scale="imagenet")).max() < 0.02
        with pytest.raises(InputError, match="'imagenet' is for colour images"):
            read_samples(picture(pixels), (6, 8, 1), scale="imagenet")

    def test_the_default_is_that_of_the_benchmarks(self, picture):
        assert np.array_equal(read_samples(picture(), SHAPE)[0], as_input(PIXELS))

    def test_grey_inputs_get_grey(self, picture):
        grey = PIXELS[..., 0]
        assert np.array_equal(read_samples(picture(grey), (6, 8, 1), "uint8")[0, ..., 0], grey)
        assert np.array_equal(read_samples(picture(grey), SHAPE, "uint8")[0], np.repeat(grey[..., None], 3, -1))

    def test_transparency_is_dropped(self, picture):
        pixels = np.dstack([PIXELS, np.full((6, 8), 7, np.uint8)])
        assert np.array_equal(read_samples(picture(pixels), SHAPE, "uint8")[0], PIXELS)

    def test_photographs_are_turned_upright(self, picture):
        exif = Image.Exif()
        exif[0x0112] = 6  # to be turned clockwise
        path = picture(PIXELS, exif=exif)
        assert np.array_equal(read_samples(path, (8, 6, 3), "uint8")[0], np.rot90(PIXELS, -1))

    def test_crop_keeps_the_proportions_and_stretch_does_not(self, picture):
        pixels = np.zeros((10, 30, 3), np.uint8)
        pixels[:, 10:20] = 200
        cropped = read_samples(picture(pixels), (5, 5, 3), "uint8")
        assert (cropped == 200).all()
        stretched = read_samples(picture(pixels), (5, 5, 3), "uint8", resize="stretch")
        assert stretched[0, :, 0].max() == 0 and stretched[0, :, 2].min() > 190

    def test_making_smaller_averages(self, picture):
        pixels = np.zeros((32, 32, 3), np.uint8)
        pixels[::2] = 200
        small = read_samples(picture(pixels), (4, 4, 3), "uint8")[0]
        assert abs(small.astype(int) - 100).max() < 10

    def test_sizes_can_be_insisted_on(self, picture):
        with pytest.raises(InputError, match="has 8 by 6 pixels, not 7 by 6"):
            read_samples(picture(), (6, 7, 3), resize="none")

    def test_damaged_images_are_named(self, picture, tmp_path):
        path = picture(np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8))
        path.write_bytes(path.read_bytes()[:2000])
        with pytest.raises(InputError, match=r"picture\.png' is a damaged image"):
            read_samples(path, SHAPE)
        (tmp_path / "notes.txt").write_text("no image")
        with pytest.raises(InputError, match=r"notes\.txt' is neither a \.npy array nor an image"):
            read_samples(tmp_path / "notes.txt", SHAPE)
        with pytest.raises(FileNotFoundError, match=r"none\.png"):
            read_samples(tmp_path / "none.png", SHAPE)
        with pytest.raises(IsADirectoryError):
            read_samples(tmp_path, SHAPE)

    def test_deep_images_are_refused(self, picture):
        with pytest.raises(InputError, match="more than 8 bits a channel"):
            read_samples(picture(PIXELS[..., 0].astype(np.uint16) * 256), SHAPE)

    def test_enormous_images_are_refused(self, picture, monkeypatch):
        for most in (40, 20):  # Pillow warns from the first, and fails from twice as many
            monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", most)
            with pytest.raises(InputError, match=f"more than {most} pixels"):
                read_samples(picture(), SHAPE)

    def test_inputs_that_are_no_image_are_named(self, picture):
        with pytest.raises(InputError, match=r"takes \[10\], which no image file gives"):
            read_samples(picture(), (10,))

    def test_pillow_is_asked_for(self, picture, monkeypatch):
        path = picture()
        monkeypatch.setitem(sys.modules, "PIL", None)
        with pytest.raises(ImportError, match="pip install pillow"):
            read_samples(path, SHAPE)


def test_unknown_choices_are_named(tmp_path):
    with pytest.raises(ValueError, match=f"no scale 'big'; choose one of {', '.join(SCALES)}"):
        read_samples(tmp_path / "a.npy", (1,), scale="big")
    with pytest.raises(ValueError, match="no resizing 'fit'; choose one of crop, stretch, none"):
        read_samples(tmp_path / "a.npy", (1,), resize="fit")
