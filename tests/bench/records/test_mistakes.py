"""Mistakes of a record are the most certain ones, whole samples or smaller ones, and damaged ones are refused."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from larq_focal.bench.records.checks import RecordError, check_record
from larq_focal.bench.records.mistakes import LARGEST_SIDE, MOST_SHOWN, mistakes_of, sample_of
from larq_focal.report.runs import Run
from larq_focal.report.wrong_examples import png, wrong_examples
from tests.support.records import fake_record, signal_mistakes


def judged(shape=(4, 4, 1), count=50, classes=3):
    random = np.random.default_rng(0)
    samples = random.integers(0, 256, (count, *shape), dtype=np.uint8)
    return random.normal(size=(count, classes)).astype(np.float32), samples, random.integers(0, classes, count)


def test_the_most_certain_mistakes_come_first():
    outputs, samples, labels = judged()
    mistakes = mistakes_of(outputs, samples, labels)
    assert len(mistakes) == MOST_SHOWN
    scores = np.exp(outputs) / np.exp(outputs).sum(1, keepdims=True)
    wrong = [n for n in range(50) if outputs[n].argmax() != labels[n]]
    assert [each["index"] for each in mistakes] == sorted(wrong, key=lambda n: -scores[n].max())[:MOST_SHOWN]
    for each in mistakes:
        assert (each["truth"], each["predicted"]) == (labels[each["index"]], outputs[each["index"]].argmax())
        assert each["probability"] == pytest.approx(scores[each["index"]].max(), abs=1e-4)
        np.testing.assert_array_equal(sample_of(each), samples[each["index"]])


def test_large_images_are_averaged_and_long_signals_thinned():
    outputs, samples, labels = judged((100, 60, 3))
    (first, *_) = mistakes_of(outputs, samples, labels)
    small = sample_of(first)
    assert small.shape == (33, 20, 3) and max(small.shape) <= LARGEST_SIDE
    assert small[0, 0, 1] == np.rint(samples[first["index"], :3, :3, 1].mean())
    outputs, samples, labels = judged((1000, 2))
    (first, *_) = mistakes_of(outputs, samples, labels)
    np.testing.assert_array_equal(sample_of(first), samples[first["index"], ::5])
    outputs, samples, labels = judged((1, 100, 1))
    assert sample_of(mistakes_of(outputs, samples, labels)[0]).shape == (1, 34, 1)


def test_no_mistakes():
    outputs, samples, _ = judged()
    assert mistakes_of(outputs, samples, outputs.argmax(1)) == []


@pytest.mark.parametrize("channels", [1, 3])
def test_a_png_is_read_by_others(channels):
    image = np.random.default_rng(1).integers(0, 256, (5, 7, channels), dtype=np.uint8)
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(png(image)))).reshape(image.shape), image)


def test_examples_name_their_classes():
    record = fake_record(mistakes=signal_mistakes())
    (first, *_) = wrong_examples(Run(record, "a", 0))
    mistake = record["mistakes"][0]
    assert (first.truth, first.predicted) == (str(mistake["truth"]), str(mistake["predicted"]))
    assert len(first.curves) == 3 and not first.image
    points = np.array([point.split(",") for point in first.curves[0].split()], float)
    assert points.shape == (100, 2) and points.min() >= 0 and (points.max(0) <= [100, 60]).all()
    older = {key: value for key, value in record.items() if key != "mistakes"}
    assert wrong_examples(Run(older, "a", 0)) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"data": "!"}, r"'mistakes\[0\]' is damaged"),
        ({"data": "AAAA"}, "3 bytes are no sample of the shape"),
        ({"shape": [64]}, "no sample of the shape"),
        ({"shape": [-8, -8, 1]}, "no sample of the shape"),
        ({"shape": [4, 8, 2]}, "1 or 3 channels, not 2"),
        ({"truth": 10}, "names a class that is not there"),
        ({"predicted": -1}, "names a class that is not there"),
        ({"probability": "high"}, "'mistakes.0..probability' is not a number"),
    ],
)
def test_damaged_mistakes_are_refused(change, words):
    record = fake_record()
    record["mistakes"][0] |= change
    with pytest.raises(RecordError, match=words):
        check_record(record, "it")
