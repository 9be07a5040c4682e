"""The engine that can do it runs the model, what is said of the others, and files on which an engine crashes."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner

from larq_focal import delegate
from larq_focal.cli import main
from larq_focal.deploy import engines, lce_extension, runtime
from larq_focal.deploy.prediction import predict
from larq_focal.deploy.runtime import EngineError, Runtime
from larq_focal.deploy.timing import time
from larq_focal.network.tflite.read.from_tflite import from_tflite
from tests.support.flatbuffers import CallSpec, TensorSpec, relu_network, tflite
from tests.support.lce_file import residual_network
from tests.support.stacks import LCE, LCE_ENGINE

BINARY = residual_network(1, 8, 32)
IMAGE = np.random.default_rng(0).normal(size=(1, 8, 8, 32)).astype(np.float32)


@pytest.fixture
def without_delegate(monkeypatch):
    def missing():
        raise delegate.DelegateMissing("the delegate is not there: apt-get install g++")

    monkeypatch.setattr(delegate, "library_path", missing)


@pytest.fixture
def without_lce(monkeypatch):
    monkeypatch.setattr(lce_extension.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(lce_extension.sys, "modules", {})


def custom_network(kind: str, options: bytes = b"") -> bytes:
    floats = TensorSpec((1, 4))
    return tflite({"x": floats, "y": floats}, [CallSpec(kind, ["x"], ["y"], options=options)], ["x"], ["y"])


@LCE
def test_another_engine_runs_where_the_first_is_missing(without_delegate, tmp_path):
    chosen = Runtime(BINARY)
    assert (chosen.engine, list(chosen.passed_over)) == ("lce", ["delegate"])
    assert np.array_equal(chosen.run(IMAGE), Runtime(BINARY, engine="lce").run(IMAGE))
    note = (
        "The engine 'lce' ran in place of 'delegate', which could not: the delegate is not there: apt-get install g++"
    )
    assert chosen.notes == (note,)
    assert predict(BINARY, IMAGE).notes == (note,)
    (tmp_path / "m.tflite").write_bytes(BINARY)
    np.save(tmp_path / "x.npy", IMAGE)
    for command in (["run", "--input", str(tmp_path / "x.npy")], ["time", "--runs", "3", "--no-memory"]):
        done = CliRunner().invoke(main, [command[0], str(tmp_path / "m.tflite"), *command[1:], "--json"])
        assert done.exit_code == 0, done.output
        record = json.loads(done.stdout)
        assert record["engine"] == "lce" and note in record["notes"]


@LCE
def test_an_engine_that_refuses_an_operation_is_passed_over(monkeypatch):
    def refuse(self, model, threads):
        raise EngineError("the delegate takes no LceBconv2d of this kind")

    monkeypatch.setattr(engines.DelegateEngine, "__init__", refuse)
    assert Runtime(BINARY).passed_over == {"delegate": "the delegate takes no LceBconv2d of this kind"}
    assert "takes no LceBconv2d" in time(BINARY, runs=3, warmup=1).notes[0]
    with pytest.raises(EngineError, match="takes no LceBconv2d"):
        Runtime(BINARY, engine="delegate")


def test_where_none_can_each_says_why_and_what_to_install(without_delegate, without_lce):
    with pytest.raises(EngineError) as caught:
        Runtime(BINARY)
    first, *lines = str(caught.value).splitlines()
    assert first == "No engine can run 'model'."
    assert lines[0] == "- delegate: the delegate is not there: apt-get install g++"
    assert lines[1].startswith("- lce: This needs Larq Compute Engine: pip install larq-compute-engine==")


def test_nothing_is_passed_over_where_the_first_runs():
    assert Runtime(BINARY).passed_over == {} and Runtime(BINARY).notes == ()
    assert (Runtime(BINARY).engine, Runtime(relu_network()).engine) == ("delegate", "litert")


@pytest.mark.parametrize(
    ("kind", "advice"),
    [
        ("edgetpu-custom-op", "compiled for an Edge TPU: run the .tflite file that it was compiled from"),
        ("FlexErf", "convert the model without SELECT_TF_OPS"),
        ("Mystery", "which not every engine knows"),
    ],
)
def test_custom_operations_are_named(kind, advice):
    """Their options may be of any format: the file is sound."""
    content = custom_network(kind, b"\x08\x90\x01\xff\xfe not a flexbuffer \xff")
    assert [op.kind for op in from_tflite(content).unknown] == [kind]
    with pytest.raises(EngineError, match=f"it has the custom operation {kind}.*{advice}"):
        Runtime(content)


class TestTrial:
    """Nothing of the file is checked beforehand here, so that the engine meets it."""

    @pytest.fixture(autouse=True)
    def unchecked(self, monkeypatch):
        monkeypatch.setattr(runtime, "check_sound", lambda model: None)

    @pytest.mark.parametrize("engine", ["auto", "litert", LCE_ENGINE])
    def test_a_crash_is_an_error(self, engine):
        image, kernel = TensorSpec((1, 8, 8, 4)), TensorSpec((1, 3, 3, 4), data=np.ones((1, 3, 3, 4), np.float32))
        steps = {"strideW": 1, "strideH": 1, "dilationWFactor": 1, "dilationHFactor": 1, "depthMultiplier": 1}
        call = CallSpec("DEPTHWISE_CONV_2D", ["x", "k"], ["y"], "DepthwiseConv2DOptions", steps)
        content = tflite({"x": image, "k": kernel, "y": image}, [call], ["x"], ["y"])
        with pytest.raises(EngineError, match=r"'model' crashes the engine 'l\w+' \(SIGSEGV\).*do not run it"):
            Runtime(content, engine=engine, trial=True)

    def test_a_refusal_says_the_same(self):
        with pytest.raises(EngineError, match="LiteRT cannot load 'model': it has the custom operation Mystery"):
            Runtime(custom_network("Mystery"), engine="litert", trial=True)

    @pytest.mark.parametrize("engine", ["auto", "delegate", LCE_ENGINE])
    def test_a_sound_file_runs(self, engine):
        expected = Runtime(BINARY, engine=engine).run(IMAGE)
        assert np.array_equal(Runtime(BINARY, engine=engine, trial=True).run(IMAGE), expected)

    def test_the_command_has_it(self, tmp_path):
        (tmp_path / "m.tflite").write_bytes(relu_network())
        np.save(tmp_path / "x.npy", np.ones((1, 4), np.float32))
        words = ["run", str(tmp_path / "m.tflite"), "--input", str(tmp_path / "x.npy"), "--trial", "--json"]
        assert json.loads(CliRunner().invoke(main, words).output)["engine"] == "litert"
