"""The benchmark on images in folders and on signals, as a person runs it."""

from __future__ import annotations

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from larq_focal.bench import run_bench
from larq_focal.bench.records.record_file import read_record
from larq_focal.cli import main
from larq_focal.datasets.signals import made_up

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Bright and dark images of 6 by 6 pixels."""
    folder = tmp_path_factory.mktemp("data") / "photos"
    random = np.random.default_rng(0)
    for name, low in (("bright", 150), ("dark", 0)):
        (folder / name).mkdir(parents=True)
        for number in range(40):
            pixels = random.integers(low, low + 100, (6, 6), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{number}.png")
    return folder


def bench(folder, results, *words):
    options = ("--models", "full_precision", "--epochs", "2", "--results", str(results))
    return CliRunner().invoke(main, ["bench", "--dataset", f"folder:{folder}", *options, *words])


def test_a_folder_becomes_a_report(photos, tmp_path):
    done = bench(photos, tmp_path)
    assert done.exit_code == 0, done.output
    record = read_record(tmp_path / "folder-photos" / "full_precision.json")
    assert record["dataset"]["classes"] == ["bright", "dark"] and record["dataset"]["name"] == "folder-photos"
    assert record["dataset"]["train"] + record["dataset"]["test"] == 80
    assert record["accuracy"]["value"] == record["keras_accuracy"]
    assert len(record["mistakes"]) == record["accuracy"]["total"] - record["accuracy"]["correct"]
    assert "Own images: photos" in (tmp_path / "folder-photos" / "report.html").read_text()

    Image.fromarray(np.zeros((6, 6), np.uint8)).save(photos / "dark" / "another.png")
    message = bench(photos, tmp_path, "--resume").output
    assert "is a run on folder 'photos'" in message and "but the data is now" in message


def test_faults_of_a_folder_are_one_line(tmp_path):
    done = bench(tmp_path / "nowhere", tmp_path)
    assert done.exit_code == 1 and done.output.count("\n") == 1 and "There is no folder" in done.output
    done = CliRunner().invoke(main, ["bench", "--dataset", "folder"])
    assert done.exit_code == 2 and "folder" in done.output


def test_signals_have_networks_of_one_dimension(tmp_path):
    made_up.write_wisdm(tmp_path, seconds=10)
    run_bench("wisdm", data_dir=tmp_path, models=["sign"], epochs=1, results=tmp_path, say=lambda line: None)
    record = read_record(tmp_path / "wisdm" / "sign.json")
    assert record["settings"]["model"] == "human_activity_sign" and record["fit"] is None
    assert record["microcontroller"]["ram_bytes"] > 0
    assert record["mistakes"][0]["shape"] == [80, 3]
    assert "polyline" in (tmp_path / "wisdm" / "report.html").read_text()
