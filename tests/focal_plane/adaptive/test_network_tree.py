"""Networks that take turns: scores are those of the network whose turn it is, and the store never holds too much."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from larq_focal.focal_plane.adaptive import NetworkTree
from larq_focal.focal_plane.compiler import compile_network
from larq_focal.network import Kernel, QuantGraph, interpret, ops
from tests.focal_plane.compiler.random_layers import images, small
from tests.focal_plane.graphs import chain, conv, dense, sign

CLASSES = 3


def network(seed: int) -> QuantGraph:
    rng = np.random.default_rng(seed)
    image = ops.Input(name="image", shape=(8, 8, 1))
    bit = sign("bit", image)
    layer = conv("layer", bit, 4)
    layer.kernel.codes[:] = rng.choice([-1, 1], layer.kernel.codes.shape)
    bits = sign("bits", layer)
    flat, scores = dense("scores", bits, CLASSES)
    weights = rng.normal(size=scores.kernel.codes.shape).astype(np.float32)
    return chain(f"network {seed}", image, bit, layer, bits, flat, replace(scores, kernel=Kernel(weights, None, 32)))


GRAPHS = {name: network(seed) for seed, name in enumerate(("root", "left", "right"))}
BRANCHES = {"root": {0: "left", 1: "right"}, "left": {2: "right"}}


def tree(store: int | None) -> NetworkTree:
    sensor = replace(small("scamp5", 16, 16), code_store_icw=store)
    return NetworkTree({name: compile_network(graph, sensor) for name, graph in GRAPHS.items()}, BRANCHES)


def test_the_class_of_a_frame_chooses_the_network_of_the_next():
    inputs, name, seen = images(GRAPHS["root"], 24), "root", set()
    turns = tree(1024)
    for image in inputs:
        frame = turns(image)
        (expected,) = interpret(GRAPHS[name], image[None], ["scores"])["scores"]
        assert frame.network == name and frame.best == expected.argmax()
        np.testing.assert_allclose(frame.scores, expected, rtol=1e-5, atol=1e-5)
        seen.add(name)
        name = BRANCHES.get(name, {}).get(frame.best, "root")
    assert seen == set(GRAPHS)


def test_all_are_put_into_the_store_once_where_there_is_room():
    turns = tree(1024)
    frames = [turns(image) for image in images(GRAPHS["root"], 24)]
    assert sum(frame.swapped_icw for frame in frames) == turns.store_icw <= 1024


def test_together_they_may_be_larger_than_the_store():
    largest = max(compile_network(graph, small("scamp5", 16, 16)).store_icw for graph in GRAPHS.values())
    turns = tree(largest)
    frames = [turns(image) for image in images(GRAPHS["root"], 24)]
    assert turns.store_icw > largest
    assert all(frame.run.store_icw <= largest and frame.swapped_icw <= largest for frame in frames)
    stays = [after for before, after in pairwise(frames) if before.network == after.network]
    assert not any(frame.swapped_icw for frame in stays)
    assert sum(frame.swapped_icw for frame in frames) > turns.store_icw


@pytest.mark.parametrize(
    ("branches", "fault"),
    [
        ({"top": {0: "left"}}, "A branch leaves 'top', and the networks are root, left, right"),
        ({"root": {0: "middle"}}, "After class 0 of 'root', which has 3 classes, comes 'middle'"),
        ({"root": {3: "left"}}, "After class 3 of 'root', which has 3 classes"),
    ],
)
def test_branches_to_nowhere_are_refused(branches, fault):
    networks = {name: compile_network(graph, small("scamp5", 16, 16)) for name, graph in GRAPHS.items()}
    with pytest.raises(ValueError, match=fault):
        NetworkTree(networks, branches)


def test_networks_without_scores_or_of_other_sensors_are_refused():
    root = compile_network(GRAPHS["root"], small("scamp5", 16, 16))
    maps = QuantGraph("maps", list(GRAPHS["root"])[:4], ["bits"])
    with pytest.raises(ValueError, match="'maps' does not give one vector of scores"):
        NetworkTree({"maps": compile_network(maps, small("scamp5", 16, 16))}, {})
    with pytest.raises(ValueError, match="'far' is compiled for scamp7, the root for scamp5"):
        NetworkTree({"root": root, "far": compile_network(GRAPHS["left"], small("scamp7", 16, 16))}, {})
    with pytest.raises(ValueError, match="needs a network"):
        NetworkTree({}, {})
