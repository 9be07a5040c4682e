"""PixelRNN as two networks, whose state stays on the array, against NumPy: with drawn weights, for none are published
under a licence."""

from __future__ import annotations

import numpy as np
import pytest

from larq_focal.focal_plane.adaptive.pixel_rnn_network import PixelRnnNetwork, mosaic
from larq_focal.focal_plane.compiler import UnsupportedError, compile_network
from larq_focal.focal_plane.machine import Simulator, disassemble
from tests.support.header_machine import HeaderMachine

FRAMES = 4


def convolved(signs: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """The cross-correlation ``[64, 64]``, with zeros around."""
    padded = np.pad(signs.astype(int), 2)
    return sum(kernel[r, c] * padded[r : r + 64, c : c + 64] for r in range(5) for c in range(5))


def sign(values: np.ndarray) -> np.ndarray:
    return np.where(values, 1, -1)


@pytest.fixture(scope="module")
def network():
    return PixelRnnNetwork.random(3)


@pytest.fixture(scope="module")
def maps(network):
    return compile_network(network.maps_graph(), "scamp5", pixel_range=(-1, 1), placement="interleaved")


@pytest.fixture(scope="module")
def unit(network):
    return compile_network(network.unit_graph(), "scamp5", placement="interleaved", state={"h": "next"})


@pytest.fixture(scope="module")
def frames():
    return np.random.default_rng(0).choice([-1.0, 1.0], (FRAMES, 64, 64, 1)).astype(np.float32)


@pytest.fixture(scope="module")
def expected(network, frames):
    """Frame by frame: the mosaic, the forget gate, the state before the frame, and the two sums of the output."""
    state, found = np.ones((64, 64), int), []
    for frame in frames[..., 0]:
        sums = np.stack([convolved(frame, kernel) for kernel in network.conv], -1)
        pooled = sums.reshape(16, 4, 16, 4, 16).max((1, 3))
        seen = mosaic(sign(pooled >= network.map_threshold))
        gate = convolved(seen, network.forget_input) + convolved(state, network.forget_hidden)
        forget = sign(gate >= network.forget_threshold)
        outputs = convolved(seen, network.output_input), convolved(state, network.output_hidden)
        found.append((seen, forget, state, *outputs))
        state = state * forget
    return found


def test_a_mosaic_holds_map_m_at_row_m_div_4_and_column_m_mod_4():
    maps = np.arange(16 * 16 * 16).reshape(16, 16, 16)
    for m in range(16):
        row, column = 16 * (m // 4), 16 * (m % 4)
        np.testing.assert_array_equal(mosaic(maps)[row : row + 16, column : column + 16], maps[..., m])


def test_maps_of_frames(maps, frames, expected):
    found = maps.run(frames)["maps"]
    for here, (seen, *_) in zip(found, expected, strict=True):
        np.testing.assert_array_equal(mosaic(here), seen)


def test_the_state_stays_on_the_array_from_frame_to_frame(unit, expected):
    assert [source.name for source in unit.array.inputs] == ["x"]
    simulator = Simulator(unit.sensor)
    simulator.array.digital[unit.state_registers["h"]][:] = simulator.array.layout.ones
    for seen, forget, state, *outputs in expected:
        values, _ = unit.array.frame(simulator, {"x": seen[..., None]})
        np.testing.assert_array_equal(values["forget"][..., 0], forget)
        np.testing.assert_array_equal(values["next"][..., 0], state * forget)
        for name, output in zip(("output_input", "output_hidden"), outputs, strict=True):
            np.testing.assert_array_equal(values[name][..., 0], output)


def test_the_state_stays_on_the_chip_of_the_headers(unit, expected):
    machine = HeaderMachine(256, 256, seed=1)
    machine.instruction("all", [])
    machine.instruction("SET", [unit.state_registers["h"]])
    (source,) = unit.array.inputs
    for seen, forget, state, *_ in expected[:2]:
        planes = dict(unit.array.constants) | source.planes(seen[..., None], (256, 256))
        results = machine.run(disassemble(unit.array.program), planes)
        values = {output.name: output.value(results)[..., 0] for output in unit.array.outputs}
        np.testing.assert_array_equal(values["next"], state * forget)


@pytest.mark.parametrize("state", [{"h": "gate"}, {"forget": "next"}, {"nothing": "next"}])
def test_what_cannot_stay_is_refused(network, state):
    with pytest.raises(UnsupportedError, match="cannot stay on the array"):
        compile_network(network.unit_graph(), "scamp5", placement="interleaved", state=state)


@pytest.mark.parametrize(
    ("change", "found"), [({"conv1": None}, "no array"), ({"rnn_threshold": 3.0}, "of shape \\[\\]")]
)
def test_weights_that_are_not_those_are_named(change, found, tmp_path):
    gates = ("rnn_convgates_i", "rnn_convgates_h", "rnn_conv_out_i", "rnn_conv_out_h")
    whole = {"conv1": np.ones((16, 5, 5)), **dict.fromkeys(gates, np.ones((1, 5, 5)))}
    whole |= {"cnn_thresh1": np.float32([1]), "rnn_threshold": np.float32([2])}
    np.savez(tmp_path / "whole.npz", **whole)
    assert PixelRnnNetwork.read(tmp_path / "whole.npz").forget_threshold == 2
    changed = {name: array for name, array in (whole | change).items() if array is not None}
    np.savez(tmp_path / "weights.npz", **changed)
    with pytest.raises(ValueError, match=f"weights.npz' has .*{found}.*'{next(iter(change))}'"):
        PixelRnnNetwork.read(tmp_path / "weights.npz")
