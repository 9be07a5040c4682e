"""Studies as a person runs them, on digits: interrupted, resumed, within a budget, and sharing their runs."""

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from larq_focal.bench.study import run_study
from larq_focal.bench.study.study_file import StudyError, load_study
from larq_focal.cli import main
from larq_focal.report import read_records

pytestmark = pytest.mark.slow

TINY = {
    "title": "Tiny networks",
    "question": "Does it run?",
    "dataset": "digits",
    "seeds": 2,
    "train_images": 300,
    "test_images": 200,
    "recipe": {"epochs": 2, "batch_size": 32, "learning_rate": 0.01, "held_out": 50},
    "rows": [
        {"models": ["two_layer_ste_sign"], "options": {"filters": [4, 8]}},
        {"title": "int8", "models": ["two_layer_full_precision"], "options": {"filters": [4, 8]}, "rest": "int8"},
    ],
}


def written(folder: Path, name: str, **changes) -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump({**TINY, **changes}))
    return path


def trained_epochs(results: Path) -> dict[str, list[tuple[int, int]]]:
    """The stretches of every kept run by the name of its folder."""
    records = {path.parent.name: json.loads(path.read_text()) for path in results.glob("runs/*/*record.json")}
    return {
        name: [(each["first_epoch"], each["last_epoch"]) for each in record["stretches"]]
        for name, record in records.items()
    }


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory):
    """A study that was interrupted in the first epoch of its second trial; its file, results and finished runs."""
    folder = tmp_path_factory.mktemp("study")
    study = written(folder, "tiny")

    def interrupt(line):
        if line.startswith("trial 2 of 4") and "epoch 1" in line:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_study(study, results=folder, show=interrupt, say=lambda line: None)
    return study, folder, {path: path.stat().st_mtime_ns for path in folder.glob("runs/*/*record.json")}


@pytest.fixture(scope="module")
def resumed(interrupted):
    """The same study, resumed: what it said and found."""
    study, folder, _ = interrupted
    said = []
    return run_study(study, results=folder, resume=True, say=said.append), said


def test_an_interruption_keeps_what_is_finished(interrupted):
    _, folder, before = interrupted
    assert len(before) == 1
    assert len([*folder.glob("runs/*/checkpoint.npz")]) == 2
    assert not (folder / "studies").exists()


def test_resuming_repeats_no_epoch(interrupted, resumed):
    _, folder, before = interrupted
    assert {path: path.stat().st_mtime_ns for path in before} == before
    stretches = trained_epochs(folder)
    assert len(stretches) == 4
    assert sorted(stretches.values()) == [[(1, 1), (2, 2)], [(1, 2)], [(1, 2)], [(1, 2)]]
    assert "4 trials" in resumed[1][0] and "1 of them finished before" in resumed[1][0]


def test_the_results_are_those_of_the_records(interrupted, resumed):
    _, folder, _ = interrupted
    summary, _ = resumed
    assert not summary.missing
    by_title = {point.title: point for point in summary.points}
    records = [record for place in folder.glob("runs/*") for record in read_records(place)]
    signs = [record["accuracy"]["value"] for record in records if record["settings"]["model"] == "two_layer_ste_sign"]
    (sign,) = (point for title, point in by_title.items() if title != "int8")
    assert sorted(sign.accuracies) == sorted(signs)
    int8 = [record for record in records if "calibration" in record]
    assert len(int8) == 2
    assert {layer["became"] for record in int8 for layer in record["audit"]["layers"]} == {"int8"}
    assert {record["dataset"]["test"] for record in records} == {200}


def test_the_pages_are_there(interrupted, resumed):
    folder = interrupted[1] / "studies" / "tiny"
    assert sorted(path.name for path in folder.iterdir()) == ["report.html", "runs.html", "study.json", "table.md"]
    page = (folder / "report.html").read_text()
    assert "Tiny networks" in page and resumed[0].answer.split("%")[0] in page
    assert json.loads((folder / "study.json").read_text())["answer"] == resumed[0].answer


def test_another_study_shares_the_runs(interrupted, resumed):
    """The float file of the network whose int8 file is there: its training is not repeated either."""
    _, folder, _ = interrupted
    before = {path: path.stat().st_mtime_ns for path in folder.glob("runs/*/*")}
    rows = [
        {"title": "Signs", "models": ["two_layer_ste_sign"], "options": {"filters": [4, 8]}},
        {"title": "Floats", "models": ["two_layer_full_precision"], "options": {"filters": [4, 8]}},
    ]
    said = []
    study = written(folder, "other", rows=rows, light=[1, 0.125])
    summary = run_study(study, seeds=1, results=folder, say=said.append)
    assert "1 of them finished before" in said[0]
    assert [point.title for point in summary.points] == ["Signs", "Floats"]
    now = {path: path.stat().st_mtime_ns for path in folder.glob("runs/*/*")}
    assert {path: now[path] for path in before if path.name != "weights.npz"} == {
        path: time for path, time in before.items() if path.name != "weights.npz"
    }
    made = {"record.json", "model.tflite", "model.grey.light"}
    assert {path.name for path in now.keys() - before.keys()} == made
    for point in summary.points:
        assert point.light[1.0] == point.accuracy, "the light of the training"
        assert point.light.keys() == {0.125, 1.0}
    assert "In other light" in (folder / "studies" / "other" / "report.html").read_text()


def test_a_budget_stops_before_a_trial_that_does_not_fit(interrupted, resumed):
    """With 3 seeds two trials are left, of which the first would take longer than the hundredth of a second."""
    study, folder, _ = interrupted
    said = []
    summary = run_study(study, seeds=3, budget_minutes=0.01 / 60, results=folder, say=said.append)
    assert [list(seeds) for seeds in summary.missing.values()] == [[2], [2]]
    assert "seed 2 would not end within the budget" in said[1]
    assert len([*folder.glob("runs/*seed2*")]) == 0


def test_the_command_tells_the_answer_and_faults(interrupted, resumed):
    study, folder, _ = interrupted
    words = ["study", str(study), "--results", str(folder)]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output
    assert "4 of them finished before" in done.output and "Most accurate is" in done.output
    bad = CliRunner().invoke(main, [*words, "--dataset", "mnist", "--data-dir", str(folder)])
    assert bad.exit_code == 1 and "mnist.npz" in bad.output and "Traceback" not in bad.output


def test_a_network_that_cannot_be_built_is_told_before_any_training(tmp_path):
    rows = [TINY["rows"][0], {"title": "Bad", "models": ["two_layer_ste_sign"], "options": {"filters": 3}}]
    with pytest.raises(StudyError, match="'Bad' of the study 'bad' cannot be built"):
        run_study(load_study(written(tmp_path, "bad", rows=rows)), results=tmp_path, say=lambda line: None)
    rows[1]["options"] = {"width": 3}
    with pytest.raises(StudyError, match=r"'Bad' of the study 'bad' cannot be built.*width"):
        run_study(load_study(written(tmp_path, "bad", rows=rows)), results=tmp_path, say=lambda line: None)
    assert not (tmp_path / "runs").exists()
