"""Classifiers that run on the array as a whole: the same sums as computed plainly, and Keras' sums."""

from dataclasses import replace

import numpy as np
import pytest

from larq_focal.focal_plane import load_sensor
from larq_focal.focal_plane.analog import (
    KernelError,
    as_keras_input,
    classifier_programs,
    exposure,
    tiled_classifier,
)
from larq_focal.focal_plane.machine import Noise, Simulator, assemble, disassemble, load_noise
from larq_focal.focal_plane.sensor.calibration import load_published
from larq_focal.focal_plane.sensor.rate import estimates
from tests.focal_plane.analog.classifiers import random_classifier, random_images
from tests.focal_plane.machine.programs import small_sensor


def simulated(network, sensor, images, noise=None):
    """Sums ``[N, classes]`` in steps, the last run, and the simulator afterwards."""
    programs = classifier_programs(network, sensor)
    simulator = Simulator(sensor, noise)
    simulator.run(programs.setup, programs.planes)
    sums = []
    for image in images:
        simulator.expose(exposure(network, sensor, image))
        run = simulator.run(programs.frame)
        sums.append(run.results["sums"])
    return np.array(sums) / programs.step, run


@pytest.mark.parametrize(
    ("shape", "sensor"),
    [
        ({}, small_sensor(64, 64)),
        ({"filters": 3, "classes": 16}, small_sensor(70, 75)),  # a tile and a strip are left over
        ({"filters": 9, "size": 5, "block": 2, "classes": 4}, small_sensor(96, 96)),
        ({"filters": 1, "size": 1, "block": 8, "classes": 64}, small_sensor(32, 32)),
        ({"filters": 2, "size": 3, "margin": 2, "side": 12, "seed": 3}, small_sensor(16, 32, "scamp5_programmer")),
        ({"filters": 4, "size": 8, "margin": 8, "side": 16}, small_sensor(64, 64)),
    ],
    ids=lambda value: "-".join(f"{k}{v}" for k, v in value.items()) if isinstance(value, dict) else value.name,
)
def test_the_array_computes_the_plain_sums(shape, sensor):
    network = random_classifier(**shape)
    images = random_images(network, 3)
    sums, run = simulated(network, sensor, images)
    assert np.array_equal(sums, network.sums(images))
    assert run.store_icw <= sensor.code_store_icw


def test_the_published_network_takes_fewer_words_than_the_published_program():
    """16 kernels of 4x4 in tiles of 64x64, ReLU, 4x4 pooling and 4,096 to 10: 699 words in L. Bose et al.'s code."""
    network, sensor = random_classifier(side=56, filters=16), load_sensor("scamp5")
    images = random_images(network, 2)
    sums, run = simulated(network, sensor, images)
    assert np.array_equal(sums, network.sums(images))
    assert network.dense[0].size == 4096
    assert run.total_icw <= 699
    assert run.calls["global_sum"] == 10


def test_a_frame_of_the_published_network_takes_no_longer_than_published():
    """224 µs; pattern loads are counted, and of the ten sums the time that the published frame leaves for each."""
    network, sensor = random_classifier(side=56, filters=16), load_sensor("scamp5")
    _, run = simulated(network, sensor, random_images(network, 1))
    published = load_published("bose2020")
    most_of_a_sum = (published.latency_us - published.stages[0].icw / sensor.clock_hz * 1e6) / 40
    _, *calibrated = estimates(run.icw, run.calls, sensor)
    assert len(calibrated) == 2
    for estimate in calibrated:
        assert estimate.left_out == ("global_sum",)
        assert estimate.latency_us + run.calls["global_sum"] * most_of_a_sum <= published.latency_us


def test_long_programs_are_launched_piece_by_piece():
    """Kernels of 8x8 unrolled would be more words than the store of 1,024 holds."""
    sensor = small_sensor(64, 64)
    network = random_classifier(size=8, margin=8, side=16)
    looped = classifier_programs(network, sensor).frame
    unrolled = classifier_programs(network, replace(sensor, code_store_icw=None)).frame
    instruction_set = Simulator(sensor).instruction_set
    assert looped.store_icw(instruction_set) <= 1024 < unrolled.store_icw(instruction_set)
    assert assemble(disassemble(looped), instruction_set) == looped


def test_errors_of_the_chip_move_the_sums_a_little():
    network, sensor = random_classifier(), small_sensor(64, 64)
    images = random_images(network, 2)
    sums, _ = simulated(network, sensor, images, Noise(load_noise("scamp5"), sensor))
    exact = network.sums(images)
    assert not np.array_equal(sums, exact)
    assert np.abs(sums - exact).mean() < 0.5 * np.abs(exact).mean()


@pytest.mark.parametrize(
    ("shape", "sensor", "fault"),
    [
        ({"filters": 5}, small_sensor(64, 64), "5 kernels take a tile of 32x32 each, and SCAMP-5 has room for 4"),
        ({}, small_sensor(64, 64, "scamp7"), "lacks what the network needs: flag"),
        ({"size": 12, "margin": 12, "side": 8}, small_sensor(64, 64), "counts beyond the analog range of 127"),
    ],
)
def test_sensors_that_are_too_small_are_told(shape, sensor, fault):
    sensor = replace(sensor, name="SCAMP-5") if sensor.name == "scamp5" else sensor
    with pytest.raises(KernelError, match=fault):
        classifier_programs(random_classifier(**shape), sensor)


@pytest.mark.parametrize(
    ("shape", "fault"),
    [
        ({"margin": 2, "side": 28}, "need 3 dark pixels around the image"),
        ({"block": 3, "side": 25}, "must have a power of two"),
        ({"block": 2, "classes": 5}, "5 classes are summed at a pixel each"),
    ],
)
def test_networks_that_cannot_run_are_told(shape, fault):
    with pytest.raises(KernelError, match=fault):
        random_classifier(**shape)


def test_images_of_another_size_are_refused():
    with pytest.raises(ValueError, match=r"\[8, 8\], but the network takes \[24, 24\]"):
        exposure(random_classifier(), small_sensor(64, 64), np.zeros((8, 8)))


@pytest.fixture(scope="module")
def model():
    from larq_focal.zoo import bose2020

    return bose2020(input_shape=(24, 24, 1), filters=4, kernel_size=4)


@pytest.mark.slow
class TestKeras:
    def test_the_array_gives_the_sums_of_keras_and_of_the_interpreter(self, model):
        from larq_focal.keras import keras
        from larq_focal.network.interpret import interpret
        from larq_focal.network.keras.from_keras import from_keras

        graph = from_keras(model)
        network = tiled_classifier(graph)
        images = random_images(network, 4)
        x = as_keras_input(images)
        expected = keras.Model(model.input, model.get_layer("sums").output)(x).numpy()
        sums, _ = simulated(network, small_sensor(64, 64), images)
        assert np.array_equal(sums, expected)
        assert np.array_equal(interpret(graph, x)["sums"], expected)
        assert np.array_equal(sums.argmax(1), model(x).numpy().argmax(1))

    def test_other_networks_are_refused_by_the_layer(self):
        from larq_focal.network.keras.from_keras import from_keras
        from larq_focal.zoo import bose2020, two_layer

        with pytest.raises(KernelError, match="where the array's classifier has"):
            tiled_classifier(from_keras(two_layer()))
        with pytest.raises(KernelError, match="'conv' runs on the array only where it has one input channel"):
            tiled_classifier(from_keras(bose2020(input_shape=(24, 24, 3), filters=4)))
        with pytest.raises(KernelError, match=r"'conv' runs .* weights of \+1 and -1, no bias"):
            tiled_classifier(from_keras(bose2020(input_shape=(24, 24, 1), filters=4, ternary=True)))

    @pytest.mark.parametrize(
        ("options", "fault"),
        [({"margin": 2}, "needs a margin of 3"), ({"pool_size": 7}, "does not divide into blocks")],
    )
    def test_models_that_cannot_run_are_not_built(self, options, fault):
        from larq_focal.zoo import bose2020

        with pytest.raises(ValueError, match=fault):
            bose2020(**options)
