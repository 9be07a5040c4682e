"""Results that are checked: each kind of fault is found by name, and machines are merged."""

import json
import shutil

import pytest
from click.testing import CliRunner

from larq_focal.bench.leaderboard import check_results
from larq_focal.bench.records.record_file import write_record
from larq_focal.cli import main
from larq_focal.datasets.dataset import load_dataset
from larq_focal.datasets.drawn import drawn
from tests.bench.files import digits_file, true_record


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Two networks on all digits, and one of them on some."""
    folder, data = tmp_path_factory.mktemp("results"), load_dataset("digits")
    for seed, name in enumerate(("one", "two")):
        true_record(digits_file(folder / f"{name}.tflite", seed), data)
    below = folder / "runs" / "some"
    below.mkdir(parents=True)
    shutil.copy(folder / "one.tflite", below / "model.tflite")
    true_record(below / "model.tflite", drawn(data, train=500, test=100))
    (folder / "study.json").write_text(json.dumps({"format": "larq_focal.study/1"}))
    return folder


@pytest.fixture
def copied(results, tmp_path):
    return shutil.copytree(results, tmp_path / "copied")


def changed(path, **changes):
    record = json.loads(path.read_text())
    write_record({**record, **changes}, path)
    return record


def test_what_is_right_has_no_faults(results):
    board = check_results([results])
    assert (board.checked, board.faults) == (3, {})
    assert board.headline == "3 records checked, 0 faults"
    values = [entry.record["accuracy"]["value"] for entry in board.entries]
    assert len(values) == 2, "the same file on the same data is one entry"


def test_accuracy_is_run_again_exactly(copied):
    path = copied / "one.json"
    accuracy = json.loads(path.read_text())["accuracy"]
    changed(path, accuracy={**accuracy, "correct": accuracy["correct"] + 1})
    board = check_results([copied])
    (fault,) = board.faults.values()
    assert f"the record says {accuracy['correct'] + 1}" in fault and f"has {accuracy['correct']} of 540" in fault
    assert str(path) in board.faults
    assert not check_results([copied], rerun=False).faults


def test_a_confusion_that_is_not_the_files_is_found(copied):
    path = copied / "one.json"
    confusion = json.loads(path.read_text())["confusion"]
    confusion[0][1], confusion[1][0] = confusion[1][0] + 1, confusion[0][1]
    changed(path, confusion=confusion)
    assert "confuses other classes" in check_results([copied]).faults[str(path)]


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda folder: (folder / "one.tflite").unlink(), "its file 'one.tflite' is not beside it"),
        (lambda folder: shutil.copy(folder / "two.tflite", folder / "one.tflite"), "size or SHA-256 differ"),
        (lambda folder: changed(folder / "one.json", accuracy=None), "'accuracy' is not an object"),
        (lambda folder: (folder / "one.json").write_text("{"), "is not JSON"),
        (lambda folder: (folder / "one.json").write_text("{}"), "is not a run record"),
        (
            lambda folder: changed(
                folder / "one.json", dataset={**json.loads((folder / "one.json").read_text())["dataset"], "title": "Z"}
            ),
            "the run was judged on Z, but here is Handwritten digits",
        ),
    ],
)
def test_a_fault_is_told_by_its_record(copied, harm, message):
    harm(copied)
    board = check_results([copied])
    assert message in board.faults[str(copied / "one.json")]
    assert len(board.faults) == 1 and board.checked == 3
    assert board.entries, "what is right is listed all the same"


def test_machines_are_merged(results, copied):
    """The copy was timed again, on a board."""
    for path in (copied / "one.json", copied / "two.json"):
        timing = json.loads(path.read_text())["timing"]
        machine = {**timing["machine"], "board": "Raspberry Pi 5"}
        changed(path, timing={**timing, "median_ms": 0.5, "machine": machine})
    board = check_results([results, copied])
    assert not board.faults
    assert len(board.entries) == 2
    assert all(entry.timings["Raspberry Pi 5"] == 0.5 and len(entry.timings) == 2 for entry in board.entries)
    rows = board.rows()
    assert [row[0] for row in rows] == ["1", "2"]
    accuracies = [entry.record["accuracy"]["value"] for entry in board.entries]
    assert accuracies == sorted(accuracies, reverse=True)
    assert "500 µs on Raspberry Pi 5" in board.table()


def test_the_command_ends_with_1_for_faults(copied):
    good = CliRunner().invoke(main, ["check", str(copied), "--json"])
    assert good.exit_code == 0, good.output
    assert json.loads(good.stdout[good.stdout.index("{") :])["checked"] == 3  # progress may stand before it
    (copied / "one.tflite").unlink()
    bad = CliRunner().invoke(main, ["check", str(copied)])
    assert bad.exit_code == 1 and "is not beside it" in " ".join(bad.output.split())


def test_a_folder_without_records_is_told(tmp_path):
    with pytest.raises(FileNotFoundError, match="no run records"):
        check_results([tmp_path])
