"""LiteRT's CompiledModel with the delegate as its accelerator: the interpreter's bits, and clear errors."""

from __future__ import annotations

import ctypes
import gc
import os
import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from larq_focal import delegate
from larq_focal.deploy import compiled_model
from larq_focal.deploy.convert import convert
from larq_focal.deploy.engines import EngineError
from larq_focal.deploy.runtime import Runtime
from tests.network.test_few_bits import images, network
from tests.support.flatbuffers import CallSpec, TensorSpec, dense_network, relu_network, tflite
from tests.support.lce_file import residual_network
from tests.support.many_operators import many_operators

ZOO = Path(__file__).parents[2] / "tflite_models"
NETWORKS = (
    "human_activity_sign-basic_motions",
    "lenet_sign-mnist",
    "mcu_images-cifar10",
    "small_residual_react-cifar10",
    "two_layer_lab-mnist",
    "two_layer_ternary-mnist",
    "two_layer_zero_one-mnist",
)


def random_inputs(runtime: Runtime, count: int = 3) -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    return {
        name: random.normal(scale=20 if dtype == "int8" else 1, size=(count, *shape)).astype(dtype)
        for name, shape, dtype in zip(runtime.input_names, runtime.input_shapes, runtime.input_dtypes, strict=True)
    }


def assert_same_bits(model: Path | bytes, threads: int = 1) -> None:
    expected, compiled = Runtime(model), Runtime(model, engine="compiled", threads=threads)
    assert compiled.engine == "compiled" and compiled.versions.keys() == {"larq_focal", "ai-edge-litert"}
    inputs = random_inputs(expected)
    pairs = list(zip(compiled.outputs(inputs), expected.outputs(inputs), strict=True))
    assert pairs
    for output, wanted in pairs:
        assert output.dtype == wanted.dtype and np.ptp(wanted.astype(float)) > 0
        np.testing.assert_array_equal(output, wanted)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("name", NETWORKS)
def test_networks_of_the_zoo_keep_their_bits(name, threads):
    assert_same_bits(ZOO / f"{name}.tflite", threads)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("bits", [1, 2, 4])
def test_networks_of_few_bits_with_an_int8_rest_keep_their_bits(bits, threads, tmp_path):
    path = tmp_path / "network.tflite"
    convert(network(bits), path, rest="int8", representative=images())
    assert Runtime(path).engine == "delegate"
    assert_same_bits(path, threads)


@pytest.mark.parametrize("make", [dense_network, many_operators, lambda: residual_network(2, 8, 32)])
def test_files_of_several_ends_and_batches_keep_their_bits(make):
    assert_same_bits(make())


@pytest.mark.parametrize("dtype", ["bool", "float16", "float32", "int8", "int32", "uint8"])
def test_all_types_that_it_takes(dtype):
    tensors = {"x": TensorSpec((2, 3), dtype), "y": TensorSpec((3, 2), dtype)}
    tensors["shape"] = TensorSpec((2,), "int32", data=np.array([3, 2], np.int32))
    content = tflite(tensors, [CallSpec("RESHAPE", ["x", "shape"], ["y"])], ["x"], ["y"])
    values = np.arange(6).reshape(2, 3).astype(dtype)
    assert Runtime(content, engine="compiled").outputs(values)[0].tolist() == values.reshape(3, 2).tolist()


SIGNATURE = ({"minuend": "b", "subtrahend": "a"}, {"z_difference": "difference", "a_negative": "negative"})


def subtraction() -> bytes:
    """Ends whose order in the signature is neither that of the graph nor that of the alphabet."""
    return tflite(
        {name: TensorSpec((1, 2)) for name in ("a", "b", "difference", "negative")},
        [CallSpec("SUB", ["b", "a"], ["difference"], "SubOptions"), CallSpec("NEG", ["difference"], ["negative"])],
        ["a", "b"],
        ["negative", "difference"],
        SIGNATURE,
    )


def with_another_graph_first(content: bytes) -> bytes:
    """The same file with a signature of a second graph before its own."""
    model = schema.ModelT.InitFromPackedBuf(bytearray(content), 0)
    relu = schema.ModelT.InitFromPackedBuf(bytearray(relu_network()), 0)
    other = relu.subgraphs[0]
    other.operators[0].opcodeIndex = len(model.operatorCodes)
    model.operatorCodes += relu.operatorCodes
    model.subgraphs.append(other)
    signature = schema.SignatureDefT()
    signature.signatureKey, signature.subgraphIndex, signature.inputs, signature.outputs = b"other", 1, [], []
    for ends, name, index in ((signature.inputs, b"x", 0), (signature.outputs, b"y", 1)):
        entry = schema.TensorMapT()
        entry.name, entry.tensorIndex = name, index
        ends.append(entry)
    model.signatureDefs.insert(0, signature)
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


@pytest.mark.parametrize("change", [bytes, with_another_graph_first], ids=["one signature", "two signatures"])
def test_inputs_and_outputs_have_the_names_of_the_main_signature(change):
    runtime = Runtime(change(subtraction()), engine="compiled")
    assert runtime.input_names == ("minuend", "subtrahend")
    feeds = {"minuend": np.array([[5.0, 7.0]], np.float32), "subtrahend": np.array([[1.0, 2.0]], np.float32)}
    assert dict(zip(runtime.output_names, [o.tolist() for o in runtime.outputs(feeds)], strict=True)) == {
        "z_difference": [[4.0, 5.0]],
        "a_negative": [[-4.0, -5.0]],
    }


def test_a_unit_that_cannot_be_loaded_is_named_and_nothing_else():
    vector = dict.fromkeys("xy", TensorSpec((1, 4)))
    with pytest.raises(EngineError, match="custom operation Mystery") as caught:
        Runtime(tflite(vector, [CallSpec("Mystery", ["x"], ["y"])], ["x"], ["y"]), engine="compiled")
    assert "accelerator" not in str(caught.value) and "registry" not in str(caught.value)
    with pytest.raises(EngineError, match=r"LceQuantize \(operation 0 of the model\): its output has a type that"):
        Runtime(tflite(vector, [CallSpec("LceQuantize", ["x"], ["y"])], ["x"], ["y"]), engine="compiled")


def test_types_that_python_does_not_get_are_refused():
    with pytest.raises(EngineError, match=r"'x' of 'model' is int64.*Choose another engine"):
        Runtime(relu_network(dtype="int64"), engine="compiled")


@pytest.mark.parametrize("outputs", [["x", "y"], ["y", "y"]])
def test_outputs_that_it_would_not_write_are_refused(outputs):
    content = tflite(dict.fromkeys("xy", TensorSpec((1, 4))), [CallSpec("RELU", ["x"], ["y"])], ["x"], outputs)
    with pytest.raises(EngineError, match="an input or another output too"):
        Runtime(content, engine="compiled")


@pytest.mark.parametrize("version", ["1.4.0", "2.1.6", "2.4.0", "3.0.0rc1", "2.22.0"])
def test_other_versions_of_litert_are_refused_by_name(version, monkeypatch):
    monkeypatch.setattr(metadata, "version", lambda package: version)
    with pytest.raises(
        EngineError, match=rf"knows LiteRT 2\.2 and 2\.3, and ai-edge-litert {version} is .*pip install"
    ):
        Runtime(relu_network(), engine="compiled")


@pytest.mark.parametrize("version", ["2.2.0", "2.3.0", "2.3.1", "2.3rc1"])
def test_known_versions_of_litert_are_taken(version, monkeypatch):
    monkeypatch.setattr(metadata, "version", lambda package: version)
    assert Runtime(relu_network(), engine="compiled").run(-np.ones((1, 4))).tolist() == [[0, 0, 0, 0]]


def test_without_litert_the_way_to_get_it_is_told(monkeypatch):
    def missing(package):
        raise metadata.PackageNotFoundError(package)

    monkeypatch.setattr(metadata, "version", missing)
    with pytest.raises(ImportError, match="The engine 'compiled' needs LiteRT: pip install ai-edge-litert"):
        Runtime(relu_network(), engine="compiled")


def test_without_a_compiled_delegate_the_way_to_get_it_is_told(monkeypatch):
    monkeypatch.setattr(delegate, "find_spec", lambda name: None)
    with pytest.raises(EngineError, match="without its LiteRT delegate"):
        Runtime(relu_network(), engine="compiled")


def test_a_wrong_kernel_is_named(monkeypatch):
    monkeypatch.setenv("LARQ_FOCAL_KERNEL", "abacus")
    with pytest.raises(EngineError, match="abacus"):
        Runtime(relu_network(), engine="compiled")


class Library:
    """The exported structure as LiteRT reads it, under functions of our own: addresses at their offsets."""

    create = ctypes.CFUNCTYPE(ctypes.c_int, *[ctypes.c_void_p] * 5)
    options = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(ctypes.c_void_p))
    data = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p, ctypes.POINTER(ctypes.c_char_p))
    wrap = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
    delete = ctypes.CFUNCTYPE(None, ctypes.c_void_p)

    def __init__(self):
        library = ctypes.CDLL(str(delegate.library_path()))
        self.definition = (ctypes.c_uint64 * 25).in_dll(library, "LiteRtAcceleratorImpl")
        self.asked: list[bytes] = []
        self.wrapped: list[tuple[int, int]] = []

        def get_opaque_options(options, opaque):
            opaque[0] = options
            return 0

        def find_opaque_options_data(opaque, identifier, text):
            self.asked.append(identifier)
            text[0] = b"num_threads = 3\n"
            return 0

        def wrap_delegate(made, deleter, wrapper):
            self.wrapped.append((made, deleter))
            return 0

        self.functions = {80: self.options(get_opaque_options), 88: self.data(find_opaque_options_data)}
        self.functions[144] = self.wrap(wrap_delegate)

    def create_delegate(self, bytes_: int, major: int, minor: int, without: int | None = None) -> int:
        context = bytearray(bytes_)
        context[:6] = np.array([bytes_, major, minor], np.uint16).tobytes()
        for offset, function in self.functions.items():
            if offset != without:
                address = ctypes.cast(function, ctypes.c_void_p).value
                context[offset : offset + 8] = np.uint64(address).tobytes()
        wrapper = ctypes.c_void_p()
        memory = (ctypes.c_char * bytes_).from_buffer(context)
        call = self.create(self.definition[5])
        return call(ctypes.addressof(memory), None, None, ctypes.addressof(memory), ctypes.addressof(wrapper))


def test_the_exported_structure_tells_its_size_and_version():
    head = np.frombuffer(bytes(Library().definition), np.uint16)[:4]
    assert head.tolist() == [200, 1, 0, 0]


@pytest.mark.parametrize(("size", "minor"), [(400, 0), (416, 2)])
def test_known_interfaces_get_a_delegate_that_is_deleted_by_its_deleter(size, minor):
    library = Library()
    assert library.create_delegate(size, 1, minor) == 0
    assert library.asked == [b"xnnpack"]
    ((made, deleter),) = library.wrapped
    library.delete(deleter)(made)


@pytest.mark.parametrize(
    ("size", "major", "minor", "without"),
    [(192, 1, 0, None), (400, 2, 0, None), (416, 1, 3, None), (432, 1, 2, None), (416, 1, 2, 144), (416, 1, 2, 88)],
)
def test_other_interfaces_are_refused(size, major, minor, without, capfd):
    library = Library()
    assert library.create_delegate(size, major, minor, without) != 0
    assert library.wrapped == library.asked == []
    text = capfd.readouterr().err
    assert f"version {major}.{minor}, {size} bytes" in text and "Install ai-edge-litert 2.2 or 2.3" in text


def test_a_process_is_left_as_it_was():
    """No threads, no processes, no folders."""

    def tasks() -> int:
        return len(os.listdir("/proc/self/task"))

    def children() -> str:
        return Path(f"/proc/self/task/{os.getpid()}/children").read_text()

    content = residual_network(1, 16, 32)
    Runtime(content, engine="compiled").prepare()()
    gc.collect()
    before, kept = (tasks(), children()), sorted(Path(tempfile.gettempdir()).glob("larq_focal-*"))
    for _ in range(3):
        runtime = Runtime(content, engine="compiled", threads=3)
        runtime.prepare()()
        assert tasks() >= before[0] + 2, "three threads were asked for"
        del runtime
        gc.collect()
        assert (tasks(), children()) == before
    assert sorted(Path(tempfile.gettempdir()).glob("larq_focal-*")) == kept
    assert compiled_model._environment(delegate.library_path()).options.runtime_path != tempfile.gettempdir()


def test_nothing_is_printed_before_the_process_ends():
    """Then LiteRT says that it destroys what belongs to it."""
    code = (
        "import sys\n"
        "from larq_focal.deploy.runtime import Runtime\n"
        "from tests.support.lce_file import residual_network\n"
        "runtime = Runtime(residual_network(1, 8, 32), engine='compiled')\n"
        "runtime.prepare()()\n"
        "print('ran', file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    printed = done.stderr.splitlines()
    assert printed[0] == "ran" and all("DestroyAccelerator" in line for line in printed[1:])
