"""PixelRNN's recurrent unit as a program, against its reference in NumPy."""

import numpy as np
import pytest

from larq_focal.focal_plane.adaptive import PixelRnn, RecurrentWeights, adaptive_report, recurrent_reference, watch
from larq_focal.focal_plane.adaptive.pixel_rnn import GUARD, HIDDEN, OUTPUT
from larq_focal.focal_plane.machine import Simulator
from tests.focal_plane.machine.programs import small_sensor


def images(count: int, height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 160, (count, height, width))


class Checked:
    """A policy that compares the planes with the reference after every frame."""

    def __init__(self, simulator: Simulator, unit: PixelRnn, shown: np.ndarray, weights: RecurrentWeights, step: int):
        self.simulator, self.unit, self.shown, self.weights, self.step = simulator, unit, shown, weights, step
        self.hidden = None

    def __call__(self, frame):
        if frame.number % self.unit.send_every == 0:
            self.hidden = np.ones_like(self.shown[0][self.unit.region], bool)
        self.unit(frame)
        image = self.shown[frame.number][self.unit.region]
        self.hidden, output = recurrent_reference(image, self.hidden, self.weights, step=self.step)
        assert np.array_equal(self.simulator.read(HIDDEN)[self.unit.region], self.hidden), frame.number
        assert np.array_equal(self.simulator.read(OUTPUT)[self.unit.region], output), frame.number


@pytest.mark.parametrize("step", [1, 2, 5, 10, 20])
@pytest.mark.parametrize(("size", "map_size"), [((13, 70), None), ((30, 24), (9, 20))])
def test_program_equals_the_reference_at_every_pixel(size, map_size, step):
    """Also where sums saturate, from a step of 3 on."""
    simulator, weights, shown = Simulator(small_sensor(*size)), RecurrentWeights.random(step), images(5, *size)
    unit = PixelRnn(simulator.sensor, weights, step=step, send_every=3, map_size=map_size)
    watch(simulator, Checked(simulator, unit, shown, weights, step), shown)


def test_reference_is_the_published_unit():
    """f = sign(F_i x + F_h h), next h = f h, o = O_i x + O_h h: ``rnn_1_mul`` of computational-imaging/PixelRNN."""
    weights, random = RecurrentWeights.random(7), np.random.default_rng(0)
    image, hidden = random.integers(0, 200, (12, 15)), random.random((12, 15)) < 0.5

    def convolved(kernel, bits):
        padded = np.pad(np.where(bits, 1, -1), GUARD, constant_values=-1)
        return np.einsum("hwij,ij", np.lib.stride_tricks.sliding_window_view(padded, (5, 5)), kernel)

    seen = image // 2 > 40
    forget = convolved(weights.forget_input, seen) + convolved(weights.forget_hidden, hidden)
    output = convolved(weights.output_input, seen) + convolved(weights.output_hidden, hidden)
    gate, state = np.where(forget > 0, 1, -1), np.where(hidden, 1, -1)
    after, sent = recurrent_reference(image, hidden, weights)
    assert np.array_equal(after, gate * state > 0) and np.array_equal(sent, output > 0)


def test_reduction_as_published():
    """256 times fewer bits than 1-bit pixels: one map of 64x64 for 16 images of 256x256 (So et al., CVPR 2024)."""
    sensor = small_sensor(256, 256)
    unit = PixelRnn(sensor, RecurrentWeights.random(), map_size=(64, 64))
    frames = watch(Simulator(sensor), unit, images(16, 256, 256))
    report = adaptive_report("PixelRNN", sensor, frames, ())
    assert [frame.bits_sent for frame in frames] == [0] * 15 + [64 * 64]
    assert report.data_reduction(1) == 256 and report.data_reduction() == 2048


def test_program_takes_few_words_of_the_store():
    simulator = Simulator(small_sensor(20, 20))
    unit = PixelRnn(simulator.sensor, RecurrentWeights.random())
    (frame,) = watch(simulator, unit, images(1, 20, 20))
    assert unit.program.store_icw(simulator.instruction_set) < 128
    assert sum(frame.icw.values()) < 1024


def test_what_is_refused():
    with pytest.raises(ValueError, match="'forget_input' must be 5x5 weights"):
        RecurrentWeights(*np.zeros((4, 5, 5)))
    with pytest.raises(ValueError, match="'output_hidden' must be 5x5"):
        RecurrentWeights(*np.ones((3, 5, 5)), np.ones((3, 3)))
    with pytest.raises(ValueError, match="A map of 20x20 and 2 pixels around it do not fit in 20x20"):
        PixelRnn(small_sensor(20, 20), RecurrentWeights.random(), map_size=(20, 20))
