"""Crops of a small made-up set in the layout of the PKU autonomous-driving set: cars are red boxes on a grey street."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from larq_focal.datasets import DatasetError, load_dataset
from larq_focal.datasets.own_images.pku import Car, box_of

CAMERA = {"fx": 200.0, "fy": 200.0, "cx": 160.0, "cy": 80.0}
STRAIGHT = (0.0, 0.0, 0.0)
CARS = [(-5.0, 2.0, 12.0), (5.0, 2.0, 12.0)]


def write_set(folder, images=12, cars=CARS, camera=True, masks=False):
    (folder / "train_images").mkdir(parents=True)
    lines = ["ImageId,PredictionString"]
    for number in range(images):
        image = Image.new("RGB", (320, 240), (100, 100, 20 * number))
        draw = ImageDraw.Draw(image)
        for position in cars:
            draw.rectangle(box_of(Car(STRAIGHT, position), CAMERA), fill=(255, 0, 0))
        image.save(folder / "train_images" / f"ID_{number:03}.jpg", quality=95)
        words = " ".join(f"7 0.0 0.0 0.0 {x} {y} {z}" for x, y, z in cars)
        lines.append(f"ID_{number:03},{words}")
    (folder / "train.csv").write_text("\n".join(lines) + "\n")
    if camera:
        (folder / "camera").mkdir()
        text = "\n".join(f"{name} = {value};" for name, value in CAMERA.items())
        (folder / "camera" / "camera_intrinsic.txt").write_text(text)
    return folder


def load(folder, size=""):
    return load_dataset(f"pku:{folder}{size}")


def test_a_box_is_that_of_the_projected_corners():
    left, upper, right, lower = box_of(Car(STRAIGHT, (0.0, 1.0, 10.0)), CAMERA)
    near = 10 - 2.31
    assert (left, right) == pytest.approx((160 - 200 * 1.02 / near, 160 + 200 * 1.02 / near))
    assert (upper, lower) == pytest.approx((80 + 200 * 0.2 / (10 + 2.31), 80 + 200 * 1.8 / near))


def test_the_second_angle_turns_a_car_to_the_side():
    narrow, wide = (box_of(Car((0.0, angle, 0.0), (0.0, 1.0, 20.0)), CAMERA) for angle in (0.0, np.pi / 2))
    assert wide[2] - wide[0] == pytest.approx(2 * 200 * 2.31 / (20 - 1.02))
    assert narrow[2] - narrow[0] == pytest.approx(2 * 200 * 1.02 / (20 - 2.31))
    assert box_of(Car(STRAIGHT, (0.0, 0.0, 2.0)), CAMERA) is None, "it stands around the camera"


def test_crops_of_cars_and_of_background(tmp_path):
    data = load(write_set(tmp_path / "set"), "@16x16")
    assert data.classes == ("background", "car") and data.title == "Cars: set" and data.name == "pku-set"
    for images, labels in ((data.x_train, data.y_train), (data.x_test, data.y_test)):
        assert {*labels} == {0, 1} and images.shape[1:] == (16, 16, 3)
        redness = images[..., 0].astype(int) - images[..., 1]
        assert (redness[labels == 1].mean((1, 2)) > 230).all()
        assert (redness[labels == 0].max((1, 2)) < 60).all()
    assert (data.y_train == 1).sum() + (data.y_test == 1).sum() == 24
    assert load(tmp_path / "set", "@8x8x1").image_shape == (8, 8, 1)
    assert load(tmp_path / "set").image_shape == (32, 32, 3)


def test_it_is_the_same_each_time_and_no_image_is_on_both_sides(tmp_path):
    first, again = (load(write_set(tmp_path / name)) for name in "ab")
    np.testing.assert_array_equal(first.x_train, again.x_train)
    shades = [
        {round(float(image[..., 2].mean()) / 20) for image in images[labels == 0]}
        for images, labels in ((first.x_train, first.y_train), (first.x_test, first.y_test))
    ]
    assert not shades[0] & shades[1] and len(shades[0] | shades[1]) == 12, "each image has a shade of its own"


def test_masked_areas_are_no_background(tmp_path):
    folder = write_set(tmp_path)
    (folder / "train_masks").mkdir()
    for path in (folder / "train_images").iterdir():
        Image.new("L", (320, 240), 255).save(folder / "train_masks" / path.name)
    with pytest.raises(DatasetError, match="12 images leave nothing of background for training"):
        load(folder)


def test_cars_that_are_hardly_seen_are_left_out(tmp_path):
    data = load(write_set(tmp_path, cars=[*CARS, (-14.0, 2.0, 12.0), (0.0, 2.0, 90.0)]))
    assert (data.y_train == 1).sum() + (data.y_test == 1).sum() == 24


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (None, "has a table train.csv, but: There is no file"),
        ("", "no rows with the columns ImageId and PredictionString"),
        ("a,b\n1,2\n", "no rows with the columns"),
        ("ImageId,PredictionString\nID_000,1 2 3\n", "line 2: not the name of an image and seven numbers"),
        ("ImageId,PredictionString\nID_000,7 0 0 0 x 1 2\n", "line 2: not the name"),
        ("ImageId,PredictionString\n../../etc,7 0 0 0 1 1 2\n", "line 2: not the name"),
        ("ImageId,PredictionString\nID_000,7 0 0 0 nan 1 2\n", "line 2: not the name"),
        ("ImageId,PredictionString\nID_900,7 0 0 0 0 1 9\n", "1 of the 1 images of train.csv are missing"),
        ("ImageId,PredictionString\nID_000,7 0 0 0 0 1 9\n", "1 images leave nothing"),
    ],
)
def test_wrong_tables(tmp_path, table, words):
    folder = write_set(tmp_path, images=2)
    (folder / "train.csv").unlink()
    if table is not None:
        (folder / "train.csv").write_text(table)
    with pytest.raises(DatasetError, match=words):
        load(folder)


def test_damaged_images_and_cameras(tmp_path):
    folder = write_set(tmp_path)
    (folder / "train_images" / "ID_003.jpg").write_bytes(b"no image")
    with pytest.raises(DatasetError, match=r"1 of 12 files cannot be used; .*ID_003.jpg"):
        load(folder)
    (folder / "camera" / "camera_intrinsic.txt").write_text("fx = 3;")
    with pytest.raises(DatasetError, match="must give fx, fy, cx and cy"):
        load(folder)


def test_without_a_camera_file_it_is_that_of_the_set(tmp_path):
    with pytest.raises(DatasetError, match="leave nothing of background and car"):
        load(write_set(tmp_path, camera=False))  # by the set's camera all cars are outside of these small images
