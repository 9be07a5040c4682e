"""The benchmark on Keras 3: int8 by calibration, and records that name the Keras."""

from __future__ import annotations

import json
from importlib.util import find_spec

import pytest

from larq_focal.bench import run_bench
from larq_focal.bench.records.card import model_card
from larq_focal.bench.records.record_file import read_record
from larq_focal.bench.runner import BenchError
from larq_focal.training.quantization_aware import quantization_aware
from tests.keras3.backends import BACKEND

if find_spec("sklearn") is None:
    pytest.skip("scikit-learn, which brings the digits, is not installed", allow_module_level=True)

OPTIONS = {"models": ["int8"], "epochs": 4, "say": lambda line: None}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    run_bench(results=folder, **OPTIONS)
    return folder / "digits"


def test_int8_is_the_trained_network_calibrated(results):
    trained, int8 = (read_record(results / f"{run}.json") for run in ("full_precision", "int8"))
    assert int8["title"] == "int8 (calibrated)" and int8["calibration"] == {"images": 256}
    assert {row["became"] for row in int8["audit"]["layers"]} == {"int8"}
    assert int8["keras_accuracy"] == trained["keras_accuracy"] > 0.9
    assert int8["agreement"]["samples"] == 540 and int8["agreement"]["same_class"] > 530
    assert 3 * int8["file"]["bytes"] < trained["file"]["bytes"]
    assert (results / "report.html").exists()


def test_records_name_the_keras(results):
    record = read_record(results / "full_precision.json")
    assert record["environment"]["keras"]["name"] == f"Keras 3 on {BACKEND}"
    assert record["environment"]["versions"]["keras"] == record["environment"]["keras"]["version"]
    assert f"Keras 3 on {BACKEND}" in model_card(record)


def test_runs_of_another_keras_are_not_mixed_in(results, tmp_path):
    record = read_record(results / "full_precision.json")
    del record["environment"]["keras"]  # as records of Larq's stack were written
    (tmp_path / "digits").mkdir()
    (tmp_path / "digits" / "full_precision.json").write_text(json.dumps(record))
    with pytest.raises(BenchError, match=rf"a run of Keras 2 on tensorflow, but this process has Keras 3 on {BACKEND}"):
        run_bench(results=tmp_path, resume=True, **OPTIONS)


def test_fine_tuning_by_tf_mot_names_the_calibration():
    with pytest.raises(NotImplementedError, match="rest='int8', representative=samples"):
        quantization_aware(None)
