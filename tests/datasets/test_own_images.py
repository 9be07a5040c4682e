"""Own images come whole, whatever they are called, and every fault of a folder is told in one message with its fix."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from larq_focal.datasets import DatasetError, load_dataset
from larq_focal.datasets.names import own_images, short_name, training_length
from larq_focal.datasets.own_images import pool


def pixels(seed: int, shape=(6, 8, 3)) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def save(path, array, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array.squeeze()).save(path, **options)


def write_classes(folder, classes=("cat", "dog"), each=10, shape=(6, 8, 3), seed=0):
    for label, name in enumerate(classes):
        for number in range(each):
            save(folder / name / f"{number}.png", pixels(1000 * seed + 100 * label + number, shape))


def load(folder, size=""):
    return load_dataset(f"folder:{folder}{size}")


def as_set(images, labels):
    return sorted((image.tobytes(), int(label)) for image, label in zip(images, labels, strict=True))


class TestNames:
    @given(st.integers(1, 9999), st.integers(1, 9999), st.sampled_from([None, 1, 3]), st.text(min_size=1))
    def test_a_size_behind_any_path(self, height, width, channels, path):
        end = f"x{channels}" if channels else ""
        own = own_images(f"folder:{path}@{height}x{width}{end}")
        assert own.shape == (height, width, channels) and str(own.path) == str(type(own.path)(path))

    @pytest.mark.parametrize("name", ["digits", "folder:", "folders:a", "folder"])
    def test_other_names(self, name):
        assert own_images(name) is None

    @pytest.mark.parametrize("name", ["folder:a@b", "folder:a@32", "folder:a@0x8", "folder:a@8x8x2"])
    def test_what_is_no_size_belongs_to_the_path(self, name):
        assert own_images(name).shape is None and str(own_images(name).path) == name.partition(":")[2]

    def test_the_short_name_is_fit_for_a_file(self):
        assert short_name("folder:/home/me/my photos@32x32") == "folder-my_photos"
        assert short_name("digits") == "digits"
        assert training_length("folder:x") == (30, 32) and training_length("mnist") == (20, 128)


class TestFolders:
    def test_train_and_test_as_they_are(self, tmp_path):
        write_classes(tmp_path / "train", ("b", "a"), each=3)
        write_classes(tmp_path / "test", ("a", "b"), each=2, seed=1)
        data = load(tmp_path)
        assert data.classes == ("a", "b") and data.image_shape == (6, 8, 3)
        assert data.name == f"folder-{tmp_path.name}" and data.title == f"Own images: {tmp_path.name}"
        expected = [(pixels(100 * label + number), 1 - label) for label in range(2) for number in range(3)]
        assert as_set(data.x_train, data.y_train) == sorted((image.tobytes(), label) for image, label in expected)
        assert len(data.x_test) == 4 and "train and test as given" in data.source

    def test_a_split_by_content_does_not_ask_for_names(self, tmp_path):
        write_classes(tmp_path / "one", each=30)
        for label, name in enumerate(("cat", "dog")):
            for number in range(30):
                save(tmp_path / "two" / name / "deep" / f"x{97 * number % 101}.PNG", pixels(100 * label + number))
        one, two = load(tmp_path / "one"), load(tmp_path / "two")
        for key in ("x_train", "y_train", "x_test", "y_test"):
            np.testing.assert_array_equal(getattr(one, key), getattr(two, key))
        assert set(one.y_test) == {0, 1} and 3 <= len(one.x_test) <= 24
        assert len(one.x_train) + len(one.x_test) == 60
        assert one.source.split("content")[2] == two.source.split("content")[2]

    def test_more_images_move_none_of_those_that_were_there(self, tmp_path):
        write_classes(tmp_path, each=25)
        before = load(tmp_path)
        write_classes(tmp_path, each=50)
        after = load(tmp_path)
        assert {*as_set(before.x_test, before.y_test)} <= {*as_set(after.x_test, after.y_test)}
        assert {*as_set(before.x_train, before.y_train)} <= {*as_set(after.x_train, after.y_train)}
        assert before.source != after.source

    def test_equal_images_stay_on_one_side(self, tmp_path):
        write_classes(tmp_path, each=12)
        for number in range(12):
            save(tmp_path / "cat" / f"copy{number}.png", pixels(number))
        data = load(tmp_path)
        train, test = ({image.tobytes() for image in images} for images in (data.x_train, data.x_test))
        assert not train & test

    def test_other_files_are_not_looked_at(self, tmp_path):
        write_classes(tmp_path, each=3)
        (tmp_path / "cat" / "notes.txt").write_text("x")
        (tmp_path / "cat" / ".hidden.png").write_text("x")
        (tmp_path / ".cache").mkdir()
        assert load(tmp_path).classes == ("cat", "dog")

    def test_images_in_train_and_in_test_are_told(self, tmp_path):
        for part in ("train", "test"):
            write_classes(tmp_path / part, each=2)
        assert "4 images are in train and in test" in load(tmp_path).source

    def test_a_class_may_be_called_train(self, tmp_path):
        write_classes(tmp_path, ("bus", "train"), each=3)
        assert load(tmp_path).classes == ("bus", "train")


class TestPictures:
    def test_grey_stays_grey_and_one_in_colours_makes_all_so(self, tmp_path):
        write_classes(tmp_path, each=4, shape=(5, 5, 1))
        assert load(tmp_path).image_shape == (5, 5, 1)
        save(tmp_path / "cat" / "colour.png", pixels(7, (5, 5, 3)))
        data = load(tmp_path)
        assert data.image_shape == (5, 5, 3)
        assert sum(bool((image[..., 0] == image[..., 1]).all()) for image in (*data.x_train, *data.x_test)) == 8

    def test_a_size_crops_to_the_middle(self, tmp_path):
        for name, shade in (("a", 50), ("b", 200)):
            for number in range(2):
                image = np.full((8, 16 + 2 * number, 3), shade, np.uint8)
                image[:, :4] = image[:, -4:] = 0  # cut off by the crop
                save(tmp_path / name / f"{number}.png", image)
        data = load(tmp_path, "@4x4")
        assert data.image_shape == (4, 4, 3)
        for images, labels in ((data.x_train, data.y_train), (data.x_test, data.y_test)):
            np.testing.assert_array_equal(
                images, np.broadcast_to(np.array([50, 200], np.uint8)[labels][:, None, None, None], images.shape)
            )
        assert load(tmp_path, "@4x6x1").image_shape == (4, 6, 1)

    @pytest.mark.parametrize("suffix", [".png", ".bmp", ".gif", ".jpg", ".jpeg", ".webp", ".tif", ".ppm"])
    def test_formats(self, tmp_path, suffix):
        for name in ("a", "b"):
            for number in range(2):
                save(
                    tmp_path / name / f"{number}{suffix}",
                    np.full((4, 4, 3), 60 * number + len(name) * ord(name[0]) % 90, np.uint8),
                )
        data = load(tmp_path)
        assert len(data.x_train) + len(data.x_test) == 4 and data.image_shape == (4, 4, 3)


class TestRefusals:
    def refuse(self, folder, *words, size=""):
        with pytest.raises(DatasetError) as error:
            load(folder, size)
        for word in words:
            assert word in str(error.value)

    def test_no_folder(self, tmp_path):
        self.refuse(tmp_path / "nowhere", "There is no folder", "nowhere", "folder:PATH@32x32")

    def test_no_classes(self, tmp_path):
        save(tmp_path / "1.png", pixels(1))
        self.refuse(tmp_path, "1 images and 0 folders", "a folder for each class")

    def test_one_class(self, tmp_path):
        write_classes(tmp_path, ("cat",))
        self.refuse(tmp_path, "1 folder,", "at least two classes")

    def test_empty_classes(self, tmp_path):
        write_classes(tmp_path, each=3)
        for name in ("bird", "fish"):
            (tmp_path / name).mkdir()
        (tmp_path / "fish" / "notes.txt").write_text("x")
        self.refuse(tmp_path, "no images", "in bird, fish", "remove the folders")

    def test_other_classes_in_test(self, tmp_path):
        write_classes(tmp_path / "train", ("a", "b", "c"), each=2)
        write_classes(tmp_path / "test", ("a", "b", "d"), each=2)
        self.refuse(tmp_path, "train has no folder for d", "test has no folder for c")

    def test_a_third_part(self, tmp_path):
        for part in ("train", "test", "val"):
            write_classes(tmp_path / part, each=2)
        self.refuse(tmp_path, "train, test and val", "Move the images of val into train")

    def test_different_sizes(self, tmp_path):
        write_classes(tmp_path, each=3)
        save(tmp_path / "cat" / "large.png", pixels(5, (9, 7, 3)))
        self.refuse(tmp_path, "2 sizes, from 6 by 8 to 9 by 7", "@32x32")

    def test_all_unreadable_files_in_one_message(self, tmp_path):
        write_classes(tmp_path, each=3)
        (tmp_path / "cat" / "empty.png").write_bytes(b"")
        content = (tmp_path / "cat" / "0.png").read_bytes()
        (tmp_path / "dog" / "cut.png").write_bytes(content[: len(content) // 2])
        save(tmp_path / "dog" / "wide.png", np.zeros((6, 8), np.uint16))
        words = ("3 of 9 files cannot be used; remove or replace them", "empty.png", "cut.png", "damaged", "wide.png")
        self.refuse(tmp_path, *words, "more than 8 bits")

    def test_files_that_are_too_large(self, tmp_path, monkeypatch):
        write_classes(tmp_path, each=3)
        with (tmp_path / "cat" / "huge.png").open("wb") as file:
            file.truncate(pool._LARGEST_FILE + 1)  # takes no space
        self.refuse(tmp_path, "1 of 7 files", "huge.png", "64.0 MiB")

    def test_too_many_pixels(self, tmp_path, monkeypatch):
        write_classes(tmp_path, each=3)
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 47)
        self.refuse(tmp_path, "6 of 6 files", "more than 47 pixels", "And 1 more.")

    def test_too_much_memory(self, tmp_path, monkeypatch):
        write_classes(tmp_path, each=3)
        monkeypatch.setattr(pool, "_MOST_BYTES", 6 * 6 * 8 * 3 - 1)
        self.refuse(tmp_path, "take more than 863 B", "Give a smaller size")
        assert load(tmp_path, "@4x4").image_shape == (4, 4, 3)

    @pytest.mark.parametrize("copies", [1, 3])
    def test_a_class_of_one_image(self, tmp_path, copies):
        write_classes(tmp_path, each=3)
        for number in range(copies):
            save(tmp_path / "bird" / f"{number}.png", pixels(1))
        self.refuse(tmp_path, "class 'bird' has 1 different image, but at least 2")

    def test_without_pillow(self, tmp_path, monkeypatch):
        import sys

        write_classes(tmp_path, each=2)
        monkeypatch.setitem(sys.modules, "PIL", None)
        self.refuse(tmp_path, "needs Pillow: pip install pillow")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 40), min_size=2, max_size=30), st.lists(st.integers(0, 40), min_size=2, max_size=30))
def test_every_class_is_on_both_sides_and_no_image_is(first, second):
    samples = [
        pool.Sample(np.zeros((1, 1, 1), np.uint8), label, bytes([value]) * 32)
        for label, values in enumerate((first, second))
        for value in values
    ]
    if min(len({*first}), len({*second})) < 2:
        with pytest.raises(DatasetError, match="1 different image,"):
            pool.split_by_content(samples, ("a", "b"), "here")
        return
    train, test = pool.split_by_content(samples, ("a", "b"), "here")
    assert len(train) + len(test) == len(samples)
    for label in (0, 1):
        sides = [{sample.digest for sample in part if sample.label == label} for part in (train, test)]
        assert sides[0] and sides[1] and not sides[0] & sides[1]
