"""What files say of themselves: class names, preprocessing, the oldest runtime; written, read back, and not trusted."""

import json

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from larq_focal.cli import main
from larq_focal.deploy.convert import convert
from larq_focal.deploy.prediction import predict
from larq_focal.deploy.runtime import Runtime
from larq_focal.keras import keras
from larq_focal.network import Kernel, QuantGraph, ops, save_graph, write_tflite
from larq_focal.network.tflite.flatbuffer import FlatbufferError, read_flatbuffer
from larq_focal.network.tflite.metadata import ENTRY, FileMetadata, file_metadata, with_metadata

NAMES = ("cat", "dog, brown", "größer")


def classifier(classes: int = 3) -> QuantGraph:
    random = np.random.default_rng(0)
    kernel = Kernel(random.normal(size=(4, 4, 3, 8)).astype(np.float32), None, 32)
    dense = Kernel(random.normal(size=(8, classes)).astype(np.float32), None, 32)
    return QuantGraph(
        "pets",
        [
            ops.Input(name="image", shape=(8, 8, 3)),
            ops.Conv2D(name="conv", inputs=("image",), shape=(5, 5, 8), kernel=kernel),
            ops.GlobalPool(name="mean", inputs=("conv",), shape=(8,), kind="average"),
            ops.Dense(name="scores", inputs=("mean",), shape=(classes,), kernel=dense),
        ],
        ["scores"],
    )


def saying(entry: bytes) -> bytes:
    return with_metadata(write_tflite(classifier()), {ENTRY: entry})


@pytest.fixture
def image(tmp_path):
    Image = pytest.importorskip("PIL.Image")
    pixels = np.random.default_rng(0).integers(0, 256, (8, 8, 3)).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "image.png")
    return tmp_path / "image.png", pixels


def test_names_and_preprocessing_are_read_back_and_used(tmp_path, image):
    path, pixels = image
    file = tmp_path / "pets.tflite"
    convert(classifier(), file, class_names=NAMES, preprocessing="unit")
    runtime = Runtime(file)
    assert runtime.metadata == FileMetadata(NAMES, "unit")
    predictions = predict(file, path)
    assert predictions.classes == NAMES and predictions.scale == "unit"
    np.testing.assert_array_equal(predictions.outputs[0], runtime.run(np.float32(pixels[None]) / 255))
    given = predict(file, path, scale="raw", classes=["a", "b", "c"])
    assert given.classes == ("a", "b", "c") and given.scale == "raw"
    np.testing.assert_array_equal(given.outputs[0], runtime.run(np.float32(pixels[None])))
    (row,) = predictions.best()
    assert {each["name"] for each in row} == set(NAMES)


def test_the_commands_write_and_show_them(tmp_path, image):
    save_graph(classifier(), tmp_path / "pets.qgraph")
    (tmp_path / "names.txt").write_text("\n".join(NAMES), encoding="utf-8")
    file = tmp_path / "pets.tflite"
    command = ["convert", str(tmp_path / "pets.qgraph"), "-o", str(file), "--preprocessing", "signed"]
    result = CliRunner().invoke(main, [*command, "--class-names", str(tmp_path / "names.txt")], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    result = CliRunner().invoke(main, ["run", str(file), "--input", str(image[0]), "--json"], catch_exceptions=False)
    record = json.loads(result.stdout)
    assert record["scale"] == "signed" and record["samples"][0]["top"][0]["name"] in NAMES


def test_they_are_kept_with_int8_by_converting_again_and_by_lce(tmp_path):
    said = {"class_names": NAMES, "preprocessing": "imagenet"}
    x = np.random.default_rng(0).normal(size=(4, 8, 8, 3))
    convert(classifier(), tmp_path / "a.tflite", rest="int8", representative=x, **said)
    convert(tmp_path / "a.tflite", tmp_path / "b.tflite")
    convert(tmp_path / "a.tflite", tmp_path / "c.tflite", class_names=["x", "y", "z"])
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    convert(model, tmp_path / "d.tflite", converter="lce", **said)
    for name in "abd":
        assert Runtime(tmp_path / f"{name}.tflite").metadata == FileMetadata(NAMES, "imagenet")
    assert Runtime(tmp_path / "c.tflite").metadata == FileMetadata(("x", "y", "z"), "imagenet")


def oldest(content: bytes) -> str:
    return bytes(read_flatbuffer(content).metadata["min_runtime_version"]).rstrip(b"\0").decode()


def test_the_oldest_runtime_is_told(tmp_path):
    assert oldest(write_tflite(classifier())) == "1.6.0"  # of MEAN
    x = np.random.default_rng(0).normal(size=(4, 8, 8, 3))
    convert(classifier(), tmp_path / "a.tflite", rest="int8", representative=x)
    assert oldest((tmp_path / "a.tflite").read_bytes()) == "2.17.0"  # of dense layers with a scale for each output
    assert len(read_flatbuffer(write_tflite(classifier())).metadata["min_runtime_version"]) == 16


def test_more_metadata_changes_nothing_else():
    content = write_tflite(classifier())
    more = with_metadata(content, {"note": b"text"})
    models = [schema.ModelT.InitFromObj(schema.Model.GetRootAs(each)) for each in (content, more)]
    assert [entry.name for entry in models[1].metadata] == [*(entry.name for entry in models[0].metadata), b"note"]
    x = np.random.default_rng(0).normal(size=(3, 8, 8, 3)).astype(np.float32)
    np.testing.assert_array_equal(Runtime(content).run(x), Runtime(more).run(x))
    assert read_flatbuffer(more).operations == read_flatbuffer(content).operations


@pytest.mark.parametrize(
    "options, message",
    [
        ({"class_names": ["a", "b"]}, "2 names of classes do not fit 'pets'"),
        ({"class_names": ["a", "", "c"]}, "cannot be written"),
        ({"class_names": ["a", "b\n", "c"]}, "cannot be written"),
        ({"class_names": ["a", "b", "c" * 300]}, "1 to 200 characters"),
        ({"class_names": []}, "0 class names"),
        ({"preprocessing": "inverted"}, "There is no preprocessing 'inverted'"),
    ],
)
def test_what_does_not_fit_is_refused_before_writing(tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        convert(classifier(), tmp_path / "a.tflite", **options)
    assert not (tmp_path / "a.tflite").exists()


@pytest.mark.parametrize(
    "entry",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b'{"class_names": 3}',
        b'{"class_names": [3]}',
        b'{"class_names": ["\\u001b[2J"]}',
        b'{"class_names": []}',
        b'{"preprocessing": ["unit"]}',
        b'{"code": "x"}',
        b"[" * 100_000,
        b'{"class_names": [' + b'"a",' * 2**20 + b'"a"]}',
        b'{"preprocessing": "inverted"}',
    ],
)
def test_what_strangers_files_say_is_checked(entry):
    content = saying(entry)
    if not entry:
        assert file_metadata(read_flatbuffer(content)) == FileMetadata()
        return
    with pytest.raises(FlatbufferError, match=r"classes and pixels is damaged|which is not one of") as error:
        Runtime(content)
    assert len(str(error.value)) < 400


@settings(max_examples=200, deadline=None)
@given(
    st.binary(max_size=60)
    | st.text(max_size=60).map(str.encode)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda part: (
            st.lists(part, max_size=3) | st.dictionaries(st.sampled_from(["class_names", "preprocessing"]), part)
        ),
    ).map(lambda value: json.dumps(value).encode())
)
def test_any_bytes_are_metadata_or_one_error(entry):
    model = read_flatbuffer(saying(entry or b" "))
    try:
        said = file_metadata(model)
    except FlatbufferError as error:
        assert len(str(error)) < 400
    else:
        assert said.class_names is None or all(name.isprintable() for name in said.class_names)
