"""A detector that decides whether a classifier runs, on digits that move; scikit-learn's digits are the data."""

import numpy as np
import pytest

from larq_focal.focal_plane.adaptive import TwoNetworks, adaptive_report, moving_digits, train_templates, watch
from larq_focal.focal_plane.adaptive.template_classifier import SIDE, centred_window
from larq_focal.focal_plane.machine import Noise, Simulator, load_noise
from tests.focal_plane.machine.programs import small_sensor

datasets = pytest.importorskip("sklearn.datasets")
TRAINED, THRESHOLD, CHANGE = 1000, 40, 24
SENSOR = small_sensor(80, 96)


@pytest.fixture(scope="module")
def digits():
    return datasets.load_digits()


@pytest.fixture(scope="module")
def classifier(digits):
    return train_templates(digits.images[:TRAINED], digits.target[:TRAINED], THRESHOLD)


@pytest.fixture(scope="module")
def sequence(digits):
    unseen = digits.images[TRAINED:], digits.target[TRAINED:]
    return moving_digits(160, SENSOR.height, SENSOR.width, seed=1, digits=unseen)


@pytest.fixture(scope="module")
def frames(classifier, sequence):
    return watch(Simulator(SENSOR), TwoNetworks(SENSOR, classifier, THRESHOLD, CHANGE), sequence.images)


def answer(image, classifier) -> str:
    """What the two networks make of one image, in NumPy."""
    plane = np.pad(image // 2 > THRESHOLD, SIDE)
    row, column = centred_window(plane)
    return str(classifier.scores(plane[row : row + SIDE, column : column + SIDE]).argmax())


def test_every_answer_is_the_classifiers_own(frames, sequence, classifier):
    answers = 0
    for frame, image in zip(frames, sequence.images, strict=True):
        for message in frame.messages:
            if message.value != "nothing":
                answers += 1
                assert message.value == answer(image, classifier)
    assert answers >= 8


def test_the_second_network_runs_only_on_change(frames, sequence):
    reported = 0
    for frame, image in zip(frames, sequence.images, strict=True):
        bright = int((image // 2 > THRESHOLD).sum())
        has_changed = abs(bright - reported) > CHANGE
        reported = bright if has_changed else reported
        assert bool(frame.messages) == has_changed
        assert ("classifier" in frame.programs) == (has_changed and bright >= 40)


def test_figures_of_the_sequence(frames, sequence):
    """Events are missed where the next digit has nearly as many bright pixels, or is taken for another one."""
    report = adaptive_report("two networks", SENSOR, frames, sequence.events)
    assert report.silent_frames > 130 and report.bits_per_frame < 1
    assert 0 < report.missed_events < len(sequence.events) / 3
    assert max(report.latencies_frames) == 0
    assert report.data_reduction() > 50_000
    for outcome in report.outcomes:
        if outcome.told_in is None:
            sent = [m.value for f in frames[outcome.event.frame : outcome.event.until] for m in f.messages]
            assert outcome.event.label not in sent


def test_analog_noise_leaves_the_answers_alone(classifier, sequence, frames):
    """A bright digit stands far above the threshold; noise moves the count by less than the tolerance."""
    noisy = watch(
        Simulator(SENSOR, Noise(load_noise("scamp5"), SENSOR)),
        TwoNetworks(SENSOR, classifier, THRESHOLD, CHANGE),
        sequence.images,
    )
    same = [a.bits_sent == b.bits_sent for a, b in zip(noisy, frames, strict=True)]
    assert np.mean(same) > 0.9


def test_classifier_is_binary_and_learns(classifier, digits):
    assert classifier.weights.dtype == bool and classifier.weights.shape == (10, SIDE, SIDE)
    large = np.kron(digits.images[TRAINED:] * 15, np.ones((4, 4)))
    right = [answer(image, classifier) == str(c) for image, c in zip(large, digits.target[TRAINED:], strict=True)]
    assert np.mean(right) > 0.82
