"""Files are read as they are written, and damaged ones are refused with one clear error."""

from __future__ import annotations

import subprocess
import sys

import flatbuffers
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from larq_focal.network.tflite.flatbuffer import FlatbufferError, read_flatbuffer
from larq_focal.network.tflite.litert_schema import schema
from larq_focal.network.tflite.read.from_tflite import from_tflite
from tests.support.flatbuffers import CallSpec, TensorSpec, dense_network, relu_network, tflite

DENSE = dense_network()


def test_operators_tensors_and_options():
    model = read_flatbuffer(DENSE)
    assert model.operations == ("FULLY_CONNECTED", "ADD")
    assert [tensor.name for tensor in model.inputs] == ["a", "b"]
    assert [tensor.shape for tensor in model.outputs] == [(1, 2), (1, 3)]
    product, total = model.operators
    assert product.inputs[1].data.tolist() == [[1, 2, 3], [-1, 0, 1]]
    assert (product.inputs[1].nbytes, product.inputs[0].nbytes) == (24, 0)
    assert product.inputs[2] is None
    assert total.options["fusedActivationFunction"] == 1
    assert model.binary_operations == ()
    assert model.file_bytes == len(DENSE)


def test_custom_options():
    options = {"channels_in": 40, "padding": 0, "scale": 0.5, "name": "x", "list": [1, 2]}
    packed = TensorSpec((1, 2, 2, 1), "int32")
    calls = [CallSpec("LceBconv2d", ["x"], ["y"], options=options), CallSpec("Other", ["y"], ["z"])]
    model = read_flatbuffer(tflite({"x": packed, "y": packed, "z": packed}, calls, ["x"], ["z"]))
    assert model.operators[0].is_custom
    assert model.operators[0].options == {"channels_in": 40, "padding": 0, "scale": 0.5, "name": "x"}
    assert model.binary_operations == ("LceBconv2d",)


def test_quantization():
    model = read_flatbuffer(relu_network(dtype="int8", scale=0.25))
    quantization = model.inputs[0].quantization
    assert (quantization.scale.tolist(), quantization.zero_point.tolist()) == ([0.25], [0])


def test_types_that_numpy_lacks_come_as_bytes():
    nibbles = TensorSpec((4,), "int4", np.array([0x21, 0x43], np.uint8))
    content = tflite({"x": nibbles, "y": TensorSpec((1, 4))}, [CallSpec("CAST", ["x"], ["y"])], [], ["y"])
    assert read_flatbuffer(content).operators[0].inputs[0].data.tolist() == [0x21, 0x43]
    assert [op.kind for op in from_tflite(content).unknown] == ["CAST of a constant"]


def test_a_file_is_named_after_its_path(tmp_path):
    path = tmp_path / "tiny.tflite"
    path.write_bytes(DENSE)
    assert read_flatbuffer(path).name == "tiny"
    assert from_tflite(str(path)).name == "tiny"


@pytest.mark.parametrize("content", [b"", b"TFL3", b"PK\x03\x04" * 10, DENSE[:4] + b"TFL2" + DENSE[8:]])
def test_other_files_are_refused(content, tmp_path):
    path = tmp_path / "other.bin"
    path.write_bytes(content)
    with pytest.raises(FlatbufferError, match=r"other\.bin' is not a TensorFlow Lite model"):
        read_flatbuffer(path)


def test_missing_files_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.tflite"):
        read_flatbuffer(tmp_path / "none.tflite")


FLOATS = TensorSpec((1, 4))
CONTRADICTIONS = {
    "a negative size": ({"x": TensorSpec((1, -4)), "y": FLOATS}, r"'x' has the shape \(1, -4\)"),
    "too few bytes": ({"x": TensorSpec((1, 4), data=np.zeros(3, np.float32)), "y": FLOATS}, r"'x'.*12 bytes"),
    "half a number": ({"x": TensorSpec((1,), data=np.zeros(3, np.uint8)), "y": FLOATS}, r"'x'.*3 bytes"),
    "an endless scale": ({"x": TensorSpec((1, 4), "int8", scale=np.inf), "y": FLOATS}, r"scales of the tensor 'x'"),
}


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_impossible_tensors_are_named(name):
    tensors, message = CONTRADICTIONS[name]
    with pytest.raises(FlatbufferError, match=message):
        read_flatbuffer(tflite(tensors, [CallSpec("RELU", ["x"], ["y"])], ["x"], ["y"]))


def test_indices_outside_the_file_are_refused():
    content = bytearray(DENSE)
    inputs = np.array([0, 1], np.int32).tobytes()  # of the ADD and of the graph
    place = content.index(inputs)
    content[place : place + 4] = (99).to_bytes(4, "little")
    with pytest.raises(FlatbufferError, match="tensor 99 of 5"):
        read_flatbuffer(bytes(content))


def test_texts_and_lists_that_go_beyond_the_file_are_refused():
    """Also those that are not needed here: interpreters read them."""
    unpacked = schema().ModelT.InitFromPackedBuf(DENSE)
    unpacked.subgraphs[0].name = "a name of its own"
    unpacked.subgraphs[0].tensors[0].shapeSignature = [-1, 1234567]
    builder = flatbuffers.Builder(0)
    builder.Finish(unpacked.Pack(builder), b"TFL3")
    content = bytes(builder.Output())
    read_flatbuffer(content)
    for part in (b"a name of its own", np.array([-1, 1234567], np.int32).tobytes()):
        place = content.index(part) - 4  # of its length
        with pytest.raises(FlatbufferError, match="points outside the file"):
            read_flatbuffer(content[:place] + (2**29).to_bytes(4, "little") + content[place + 4 :])


def test_values_that_nothing_produces_are_named():
    content = tflite({"x": FLOATS, "y": FLOATS}, [CallSpec("RELU", ["x"], ["y"])], [], ["y"])
    with pytest.raises(FlatbufferError, match="the tensor 'x', which nothing produces"):
        from_tflite(content)


def test_constant_outputs_are_refused():
    constant = TensorSpec((1, 4), data=np.zeros(4, np.float32))
    content = tflite({"x": FLOATS, "y": FLOATS, "z": constant}, [CallSpec("RELU", ["x"], ["y"])], ["x"], ["z"])
    with pytest.raises(FlatbufferError, match="has an output of a constant"):
        from_tflite(content)


def test_scales_of_activations_are_positive():
    with pytest.raises(FlatbufferError, match="'x' of 'model' needs positive scales, not"):
        from_tflite(relu_network(dtype="int8", scale=0.0))


@settings(max_examples=150, deadline=5000)
@given(st.integers(0, len(DENSE) - 1))
def test_cut_files_are_refused(length):
    with pytest.raises(FlatbufferError):
        read_flatbuffer(DENSE[:length])


@settings(max_examples=500, deadline=5000)
@given(
    st.lists(
        st.tuples(
            st.integers(8, len(DENSE) - 4),
            st.sampled_from([0, 1, 4, 0x7F, 0xFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF]) | st.integers(0, len(DENSE)),
        ),
        min_size=1,
        max_size=5,
    )
)
def test_damage_never_ends_in_anything_but_an_error(damages):
    content = bytearray(DENSE)
    for place, word in damages:
        content[place : place + 4] = word.to_bytes(4, "little")
    try:
        from_tflite(bytes(content))
    except FlatbufferError as error:
        assert str(error)


def test_the_schema_is_asked_for_by_name():
    code = (
        "import sys; sys.modules['ai_edge_litert'] = None\n"
        "from larq_focal.network.tflite.flatbuffer import read_flatbuffer\n"
        "try:\n    read_flatbuffer(b'\\x1c\\0\\0\\0TFL3')\n"
        "except ImportError as error:\n    print(error)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install ai-edge-litert" in result.stdout
