"""PixelRNN of the zoo, on either Keras: against NumPy, and as two programs whose state stays on the array."""

from __future__ import annotations

import numpy as np
import pytest

import larq_focal as lqf
from larq_focal.zoo import WeightsError, pixelrnn, pixelrnn_stages
from larq_focal.zoo.networks.pixelrnn import load_published

SIDE, FRAMES, CLASSES = 16, 3, 4
GATES = ("gate_input", "gate_state", "output_input", "output_state")
THRESHOLDS = {"threshold": 2.0, "gate_threshold": -1.0, "decoder_threshold": 0.25}


def randomised(model, seed: int = 0):
    """Kernels and decoder of both signs; whole thresholds, which sums can reach."""
    rng = np.random.default_rng(seed)
    for layer in model.layers:
        arrays = [rng.normal(0, 0.5, weight.shape) for weight in layer.get_weights()]
        if layer.name == "decoder_norm":
            arrays = [np.array([value]) for value in (-0.7, 0.2, 1.5, 9.0)]  # gamma, beta, mean, variance
        if layer.name in THRESHOLDS:
            arrays = [np.array(THRESHOLDS[layer.name])]
        layer.set_weights(arrays)
    return model


@pytest.fixture(scope="module")
def model():
    return randomised(pixelrnn(input_shape=(SIDE, SIDE, FRAMES), num_classes=CLASSES))


@pytest.fixture(scope="module")
def frames():
    return np.random.default_rng(1).uniform(-0.5, 0.5, (2, SIDE, SIDE, FRAMES)).astype(np.float32)


def sign(values: np.ndarray) -> np.ndarray:
    return np.where(values >= 0, 1, -1)


def convolved(plane: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """The cross-correlation of a plane, with zeros around."""
    padded = np.pad(plane, 2)
    side = len(plane)
    return sum(kernel[r, c] * padded[r : r + side, c : c + side] for r in range(5) for c in range(5))


def reference(model, frames: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The sums of the last output and the state behind it, from the weights alone; of frames ``[side, side, N]``."""
    kernels = {name: sign(model.get_layer(name).get_weights()[0]) for name in (*GATES, "conv")}
    thresholds = {name: float(model.get_layer(name).get_weights()[0]) for name in ("threshold", "gate_threshold")}
    state = np.ones(frames.shape[:2], int)
    for index in range(frames.shape[-1]):
        pixels, quarter = sign(frames[..., index]), len(frames) // 4
        maps = [np.maximum(convolved(pixels, kernels["conv"][:, :, 0, m]), 0) for m in range(16)]
        pooled = [map_.reshape(quarter, 4, quarter, 4).max((1, 3)) for map_ in maps]
        x = np.block(
            [[sign(pooled[4 * row + column] - thresholds["threshold"]) for column in range(4)] for row in range(4)]
        )
        sums = {name: convolved(x if "input" in name else state, kernels[name][:, :, 0, 0]) for name in GATES}
        gate = sign(sums["gate_input"] + sums["gate_state"] - thresholds["gate_threshold"])
        state, output = state * gate, sums["output_input"] + sums["output_state"]
    return output, state


def scores(model, output: np.ndarray) -> np.ndarray:
    gamma, beta, mean, variance = (value.item() for value in model.get_layer("decoder_norm").get_weights())
    z = np.tanh((output - mean) / np.sqrt(variance + 1e-5) * gamma + beta) - THRESHOLDS["decoder_threshold"]
    weights, bias = model.get_layer("decoder").get_weights()
    return z.ravel() @ weights + bias


def test_logits_are_those_of_the_definition(model, frames):
    found = model.predict(frames, verbose=0)
    for logits, video in zip(found, frames, strict=True):
        np.testing.assert_allclose(logits, scores(model, reference(model, video)[0]), rtol=1e-3, atol=1e-3)


def test_without_the_decoder_it_gives_the_sums_of_the_output(frames):
    model = randomised(pixelrnn(input_shape=(SIDE, SIDE, FRAMES), include_top=False), 5)
    found = model.predict(frames, verbose=0)
    for output, video in zip(found, frames, strict=True):
        np.testing.assert_array_equal(output[..., 0], reference(model, video)[0])


def test_the_state_stays_on_the_array_from_frame_to_frame(model, frames):
    """Two programs a frame: every bit of the last state, and the logits, which the controller computes."""
    maps, unit = (
        lqf.compile(stage, "scamp5", placement="interleaved", state=state)
        for stage, state in zip(pixelrnn_stages(model), (None, {"kept": "next"}), strict=True)
    )
    assert list(unit.state_registers) == ["kept"] and list(unit.array.image_shapes) == ["maps"]
    for video, logits in zip(frames, model.predict(frames, verbose=0), strict=True):
        (seen,) = maps.run(np.moveaxis(video, -1, 0)[..., None]).values()
        found = unit.run({"maps": seen}, state={"kept": np.ones((SIDE, SIDE, 1))})
        (following,) = (value for value in found.values() if value.ndim == 4)
        np.testing.assert_array_equal(following[-1, ..., 0], reference(model, video)[1])
        (last,) = (value[-1] for value in found.values() if value.ndim == 2)
        np.testing.assert_allclose(last, logits, rtol=1e-4, atol=1e-4)
    for state, message in (
        ({"next": np.ones((SIDE, SIDE, 1))}, "'next' does not stay on the array .*: kept"),
        ({"kept": np.ones((SIDE, SIDE))}, r"The state 'kept' is \[16, 16\], but the program keeps \[16, 16, 1\]"),
    ):
        with pytest.raises(ValueError, match=message):
            unit.run({"maps": seen}, state=state)


@pytest.fixture
def published():
    rng = np.random.default_rng(7)
    gates = ("rnn_convgates_i", "rnn_convgates_h", "rnn_conv_out_i", "rnn_conv_out_h")
    arrays = {"conv1": rng.choice([-1, 1], (16, 5, 5)), **{name: rng.choice([-1, 1], (1, 5, 5)) for name in gates}}
    arrays |= {"cnn_thresh1": np.float32([3]), "rnn_threshold": np.float32([2])}
    arrays |= {"decoder_norm": np.float32([-1, 4, 0.5, 0.1]), "thresh3": np.float32(0.3)}
    return arrays | {"decoder_weight": rng.normal(size=(9, 4096)), "decoder_bias": rng.normal(size=9)}


def test_published_weights_by_path(published, tmp_path):
    np.savez(tmp_path / "weights.npz", **published)
    model = pixelrnn(weights=tmp_path / "weights.npz", input_shape=(64, 64, 2))
    video = np.random.default_rng(2).uniform(-0.5, 0.5, (1, 64, 64, 2)).astype(np.float32)
    output, _ = reference(model, video[0])
    np.testing.assert_array_equal(
        sign(model.get_layer("conv").get_weights()[0][..., 0, :]), np.moveaxis(published["conv1"], 0, -1)
    )
    mean, variance, gamma, beta = published["decoder_norm"]
    z = np.tanh((-output - mean) / np.sqrt(variance + 1e-5) * gamma + beta) - published["thresh3"]
    expected = published["decoder_weight"] @ z.ravel() + published["decoder_bias"]
    np.testing.assert_allclose(model.predict(video, verbose=0)[0], expected, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"decoder_bias": None}, "no array 'decoder_bias'"),
        ({"decoder_norm": np.ones(3)}, "other than four numbers in 'decoder_norm'"),
        ({"rnn_convgates_i": np.ones((5, 5))}, "'rnn_convgates_i'"),
        ({"decoder_bias": np.ones(4)}, "for the layer 'decoder'"),
        ({"thresh3": np.ones(2)}, "for the layer 'decoder_threshold'"),
    ],
)
def test_weights_of_another_network_are_refused(published, model, tmp_path, change, message):
    before = [weight.copy() for weight in model.get_weights()]
    arrays = {name: array for name, array in (published | change).items() if array is not None}
    np.savez(tmp_path / "weights.npz", **arrays)
    with pytest.raises(WeightsError, match=message):
        load_published(model, tmp_path / "weights.npz")
    assert all(map(np.array_equal, model.get_weights(), before))
