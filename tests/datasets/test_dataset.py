"""Data sets load whole or say which file is wrong and what to do."""

import numpy as np
import pytest

from larq_focal.datasets.dataset import DATASETS, DatasetError, as_input, load_dataset


def arrays(shape=(28, 28), train=20, test=10, classes=10):
    rng = np.random.default_rng(0)
    return {
        "x_train": rng.integers(0, 256, (train, *shape), dtype=np.uint8),
        "y_train": rng.integers(0, classes, train, dtype=np.uint8),
        "x_test": rng.integers(0, 256, (test, *shape), dtype=np.uint8),
        "y_test": rng.integers(0, classes, test, dtype=np.uint8),
    }


def test_digits_are_the_real_ones():
    digits = load_dataset("digits")
    assert digits.image_shape == (8, 8, 1)
    assert len(digits.x_train) + len(digits.x_test) == 1797
    assert set(digits.y_test) == set(range(10))
    assert digits.x_train.dtype == np.uint8 and digits.x_train.max() == 255


def test_digits_split_is_always_the_same():
    np.testing.assert_array_equal(load_dataset("digits").y_test, load_dataset("digits").y_test)


def test_mnist_in_the_layout_of_keras(tmp_path):
    stored = arrays()
    np.savez(tmp_path / "mnist.npz", **stored)
    mnist = load_dataset("mnist", tmp_path)
    np.testing.assert_array_equal(mnist.x_test[..., 0], stored["x_test"])
    assert mnist.image_shape == (28, 28, 1) and mnist.source == "mnist.npz"


def test_cifar10_accepts_labels_in_a_column(tmp_path):
    stored = arrays((32, 32, 3))
    stored["y_train"] = stored["y_train"][:, None]
    np.savez(tmp_path / "cifar10.npz", **stored)
    assert load_dataset("cifar10", tmp_path).y_train.shape == (20,)


def test_a_file_with_other_pixels_says_so_in_its_title(tmp_path):
    np.savez(tmp_path / "cifar10.npz", **arrays((32, 32, 3)), title="CIFAR-10 (JPEG copy)")
    assert load_dataset("cifar10", tmp_path).title == "CIFAR-10 (JPEG copy)"


@pytest.mark.parametrize("title", [np.zeros(3), np.array(["a", "b"]), ""])
def test_a_title_that_is_not_text_is_refused(tmp_path, title):
    np.savez(tmp_path / "mnist.npz", **arrays(), title=title)
    with pytest.raises(DatasetError, match="its title is not a line of text"):
        load_dataset("mnist", tmp_path)


def test_inputs_are_exact_and_centred():
    images = np.arange(256, dtype=np.uint8)
    values = as_input(images)
    assert values.min() == -0.5 and values.max() < 0.5 and values[128] == 0
    np.testing.assert_array_equal(values * 256 + 128, images)


class TestRefusals:
    def refuse(self, folder, *words, name="mnist"):
        with pytest.raises(DatasetError) as error:
            load_dataset(name, folder)
        for word in words:
            assert word in str(error.value)

    def save(self, folder, **changes):
        np.savez(folder / "mnist.npz", **{**arrays(), **changes})

    def test_unknown_name(self):
        self.refuse(None, "No data set 'imagenet'", *DATASETS, name="imagenet")

    def test_missing_file(self, tmp_path):
        self.refuse(tmp_path, str(tmp_path / "mnist.npz"), "x_train")

    @pytest.mark.parametrize("kept", [0.0, 0.1, 0.5, 0.99])
    def test_truncated_file(self, tmp_path, kept):
        self.save(tmp_path)
        path = tmp_path / "mnist.npz"
        content = path.read_bytes()
        path.write_bytes(content[: int(len(content) * kept)])
        self.refuse(tmp_path, "mnist.npz", "damaged or cut off")

    def test_flipped_bytes(self, tmp_path):
        self.save(tmp_path)
        path = tmp_path / "mnist.npz"
        content = bytearray(path.read_bytes())
        content[2000:2100] = bytes(100)
        path.write_bytes(content)
        self.refuse(tmp_path, "mnist.npz", "damaged or cut off")

    def test_missing_array(self, tmp_path):
        np.savez(tmp_path / "mnist.npz", x_train=arrays()["x_train"])
        self.refuse(tmp_path, "mnist.npz", "lacks y_train, x_test, y_test")

    def test_pickled_objects(self, tmp_path):
        self.save(tmp_path, y_train=np.array([{}] * 20, dtype=object))
        self.refuse(tmp_path, "mnist.npz")

    def test_wrong_image_shape(self, tmp_path):
        self.save(tmp_path, x_test=np.zeros((10, 27, 28), np.uint8))
        self.refuse(tmp_path, "x_test", "[10, 27, 28]", "28, 28, 1")

    def test_floats_where_pixels_belong(self, tmp_path):
        self.save(tmp_path, x_train=np.zeros((20, 28, 28), np.float32))
        self.refuse(tmp_path, "x_train", "float32", "uint8")

    def test_labels_out_of_range(self, tmp_path):
        self.save(tmp_path, y_test=np.full(10, 10))
        self.refuse(tmp_path, "y_test", "0 to 9")

    def test_labels_and_images_do_not_match(self, tmp_path):
        self.save(tmp_path, y_train=np.zeros(19, np.int64))
        self.refuse(tmp_path, "20 images but 19 labels", "train")

    def test_not_an_archive_at_all(self, tmp_path):
        (tmp_path / "mnist.npz").write_text("<html>404</html>")
        self.refuse(tmp_path, "mnist.npz", "damaged")
