"""Intervals, confusion matrices and file descriptions of run records."""

import hashlib
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from larq_focal.bench.records.environment import describe_environment
from larq_focal.bench.records.parts import accuracy_of, confusion_matrix, describe_file, wilson_interval
from larq_focal.bench.records.record_file import write_record


@pytest.mark.parametrize(
    ("correct", "total", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_interval_equals_newcombes_table(correct, total, low, high):
    """Newcombe, "Two-sided confidence intervals for the single proportion", Statistics in Medicine 1998, table I."""
    np.testing.assert_allclose(wilson_interval(correct, total), (low, high), atol=5e-5)


@given(st.integers(1, 10_000).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total))))
def test_interval_holds_the_share(case):
    correct, total = case
    low, high = wilson_interval(correct, total)
    assert 0 <= low <= correct / total <= high <= 1


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1))
def test_confusion_matrix_counts_every_image_once(pairs):
    labels, predicted = np.array(pairs).T
    matrix = np.array(confusion_matrix(predicted, labels, 3))
    assert matrix.sum() == len(pairs)
    assert np.trace(matrix) == accuracy_of(predicted, labels)["correct"]
    np.testing.assert_array_equal(matrix.sum(1), np.bincount(labels, minlength=3))


def test_file_description(tmp_path):
    path = tmp_path / "model.tflite"
    path.write_bytes(b"content")
    assert describe_file(path) == {
        "name": "model.tflite",
        "bytes": 7,
        "sha256": hashlib.sha256(b"content").hexdigest(),
    }


def test_record_is_whole_or_absent(tmp_path):
    path = tmp_path / "run.json"
    write_record({"run": "a"}, path)
    with pytest.raises((TypeError, ValueError)):
        write_record({"run": float("nan")}, path)
    assert json.loads(path.read_text()) == {"run": "a"}
    assert [entry.name for entry in tmp_path.iterdir()] == ["run.json"]


def test_environment_names_versions_and_machine():
    environment = describe_environment("2026-01-01T00:00:00+00:00", 1.23)
    assert environment["versions"]["numpy"] == np.__version__
    assert environment["machine"]["cores"] >= 1
    assert environment["seconds"] == 1.2
