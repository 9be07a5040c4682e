"""Tables of costs and the loop of NetAdapt: exact where it counts, and going on where it stopped."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from larq_focal.compress.netadapt.adaptation import LOG, Schedule, netadapt
from larq_focal.compress.netadapt.channels import channels_of
from larq_focal.compress.netadapt.cost_table import CostTable, MeasuredLayers
from larq_focal.compress.netadapt.layer_network import layer_network
from larq_focal.compress.netadapt.meters import ClockMeter, CountMeter, WordMeter, key_of, meter_for
from larq_focal.compress.netadapt.tuning import Tuning
from larq_focal.compress.netadapt.whole_cost import WholeCost
from larq_focal.datasets.dataset import Dataset
from larq_focal.network.interpret import interpret
from larq_focal.training.recipe import Recipe
from tests.compress.netadapt_networks import branched, whole_images

_SCHEDULE = Schedule(iterations=2, first=0.15, steps=1, judged=20)
_RECIPE = Recipe("branched", "made up", epochs=1, batch_size=16, held_out=20, learning_rate=1e-4)


@pytest.fixture(scope="module")
def model():
    return branched()


@pytest.fixture(scope="module")
def channels(model):
    return channels_of(model, dict.fromkeys(("stem", "inner", "side", "dense"), 4))


def data():
    random = np.random.default_rng(4)
    images, labels = random.integers(0, 256, (120, 6, 6, 3), np.uint8), random.integers(0, 4, 120)
    return Dataset("made up", "Made up", "here", tuple("abcd"), images[:100], labels[:100], images[100:], labels[100:])


@pytest.mark.parametrize(("count", "share"), [(1, 0.025), (10, 0.2095), (13, 0.2574), (18, 0.3252), (30, 0.4413)])
def test_the_share_taken_away_follows_the_closed_form(count, share):
    """25.7 % after 13 iterations of the published schedule, and never more than 62.5 %."""
    assert Schedule().reduction(count) == pytest.approx(share, abs=5e-5)
    assert Schedule().reduction(count) == pytest.approx(sum(0.025 * 0.96**index for index in range(count)))


def test_the_share_has_a_limit_that_a_budget_of_75_percent_less_lies_beyond():
    assert Schedule().reduction(100_000) == pytest.approx(0.625)
    assert replace(Schedule(), decay=1).reduction(4) == pytest.approx(0.1)


@pytest.mark.parametrize("name", ["stem", "inner", "depthwise", "logits"])
def test_a_layer_by_itself_computes_what_it_does_in_the_network(channels, name):
    graph, images = channels.graph, whole_images(2)
    op = graph[name]
    alone = layer_network(graph, name, graph[op.inputs[0]].shape[-1], op.shape[-1])
    last = {"stem": "stem_relu", "inner": "inner_relu"}.get(name, name)
    values = interpret(graph, images)
    found = interpret(alone, values[op.inputs[0]])
    np.testing.assert_array_equal(found[alone.outputs[0]], values[last])


@given(st.tuples(*(st.integers(1, width // 4) for width in (16, 24, 8, 16))))
@settings(max_examples=4, deadline=None)
def test_a_table_of_counts_is_the_count_of_the_whole_network_at_every_width(model, channels, quarters):
    widths = {name: 4 * count for name, count in zip(channels.blocks, quarters, strict=True)}
    for metric in ("macs", "ace"):
        meter = CountMeter(metric)
        table = CostTable(channels, MeasuredLayers(meter), points=3)
        assert table(widths) == pytest.approx(WholeCost(model, channels, meter)(widths), rel=1e-12)


class Counted(CountMeter):
    """Counts how often it is asked."""

    asked = 0

    def __call__(self, graph):
        type(self).asked += 1
        return super().__call__(graph)


def test_what_was_measured_once_on_a_device_is_read_from_its_file(channels, tmp_path):
    meter = Counted("macs", {"cpu": "one"})
    first = CostTable(channels, MeasuredLayers(meter, tmp_path))
    asked, widths = Counted.asked, {name: block.width for name, block in channels.blocks.items()}
    assert asked > len(channels.graph.layers)
    again = CostTable(channels, MeasuredLayers(meter, tmp_path))
    assert (Counted.asked, again(widths)) == (asked, first(widths))
    (path,) = tmp_path.iterdir()
    assert path.name == f"macs-{key_of(meter)}.json"
    CostTable(channels, MeasuredLayers(Counted("macs", {"cpu": "other"}), tmp_path))
    assert len([*tmp_path.iterdir()]) == 2
    path.write_text(path.read_text().replace('"one"', '"two"'))
    with pytest.raises(ValueError, match="was measured on another device"):
        MeasuredLayers(meter, tmp_path)
    path.write_text("[]")
    with pytest.raises(ValueError, match="is not a table of costs"):
        MeasuredLayers(meter, tmp_path)


def test_times_are_of_this_device_and_an_unknown_metric_is_named(channels):
    meter = ClockMeter(min_seconds=0.01)
    assert meter.device["cpu"] and meter.device["versions"]
    assert 0 < meter(layer_network(channels.graph, "side", 16, 8)) < 1000
    with pytest.raises(ValueError, match="no metric 'joy': choose one of latency, energy"):
        meter_for("joy")
    with pytest.raises(ValueError, match="give the watts"):
        ClockMeter("energy", min_seconds=0.01)(layer_network(channels.graph, "side", 16, 8))


def test_words_on_the_array_are_those_of_the_compiled_program_and_fall_with_the_width():
    from larq_focal.focal_plane.compiler import compile as compile_network
    from larq_focal.zoo import two_layer

    model = two_layer("ste_sign", filters=(4, 8))
    channels = channels_of(model, {"conv_1": 2, "conv_2": 4})
    cost, widths = WholeCost(model, channels, WordMeter()), {"conv_1": 4, "conv_2": 8}
    assert cost(widths) == compile_network(channels.graph).total_icw
    assert cost({**widths, "conv_1": 2}) < cost(widths) > cost({**widths, "conv_2": 4})


def test_the_images_that_judge_are_neither_trained_on_nor_test_images():
    every = data()
    tuning = Tuning.of(every, _RECIPE)
    trained, judged, test = (
        {image.tobytes() for image in images}
        for images in (tuning.images, (tuning.held_out_images * 256 + 128).astype(np.uint8), every.x_test)
    )
    assert (len(trained), len(judged), len(test)) == (80, 20, 20)
    assert not trained & judged and not (trained | judged) & test


def adapted(model, channels, cost, folder, schedule=_SCHEDULE, **options):
    return netadapt(model, Tuning.of(data(), _RECIPE), cost, folder, channels=channels, schedule=schedule, **options)


def by_table(channels):
    return CostTable(channels, MeasuredLayers(CountMeter("macs")), points=3)


@pytest.fixture(scope="module")
def whole(model, channels, tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    cost = WholeCost(model, channels, CountMeter("macs"))
    return adapted(model, channels, cost, folder)


@pytest.mark.slow
def test_each_iteration_meets_its_target_and_takes_the_least_loss_for_what_it_saves(whole, model):
    before, accuracy = whole.cost, None
    assert len(whole.iterations) == 2
    for row in whole.iterations:
        assert row.target == pytest.approx(whole.cost * (1 - _SCHEDULE.reduction(row.number)))
        assert row.cost <= row.target
        if not row.block:  # a step of the one before took more than it had to
            assert row.cost == before and not row.trials
            continue
        chosen = next(trial for trial in row.trials if trial.block == row.block)
        assert chosen.cost == row.cost and len(row.trials) > 1
        if accuracy is not None:  # all images held out are judged on, so the accuracies are those of the trials

            def ratio(trial, before=before, accuracy=accuracy):
                return (accuracy - trial.accuracy + 1e-6) / ((before - trial.cost) / whole.cost + 1e-5)

            assert ratio(chosen) == min(map(ratio, row.trials))
        before, accuracy = row.cost, row.accuracy
    assert whole.model.count_params() < model.count_params()
    assert "2 iterations" in whole.headline and whole.iterations[0].block in str(whole)


@pytest.mark.slow
def test_by_a_table_of_macs_it_is_the_adaptation_by_macs(whole, model, channels, tmp_path):
    found = adapted(model, channels, by_table(channels), tmp_path)
    assert [row.widths for row in found.iterations] == [row.widths for row in whole.iterations]
    assert [row.cost for row in found.iterations] == pytest.approx([row.cost for row in whole.iterations])
    assert [row.accuracy for row in found.iterations] == [row.accuracy for row in whole.iterations]


@pytest.mark.slow
def test_it_goes_on_where_it_stopped(whole, model, channels, tmp_path):
    cost = by_table(channels)
    adapted(model, channels, cost, tmp_path, replace(_SCHEDULE, iterations=1))
    found = adapted(model, channels, cost, tmp_path)
    assert [row.widths for row in found.iterations] == [row.widths for row in whole.iterations]
    for ours, theirs in zip(found.model.get_weights(), whole.model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert len(json.loads((tmp_path / LOG).read_text())["iterations"]) == 2
    with pytest.raises(ValueError, match="of other settings or of another network"):
        adapted(model, channels, cost, tmp_path, replace(_SCHEDULE, first=0.2))


def test_layers_that_are_to_stay_do_and_must_be_there(model, channels, tmp_path):
    keep, small = ["back", "inner", "dense"], replace(_SCHEDULE, first=0.02, iterations=1)
    found = adapted(model, channels, by_table(channels), tmp_path / "a", small, keep=keep)
    assert {name for name, width in found.widths.items() if width != found.first_widths[name]} == {"side"}
    told: list[str] = []
    found = adapted(model, channels, by_table(channels), tmp_path / "d", keep=keep, tell=told.append)
    assert not found.iterations
    assert told[-1] == "No block can be narrowed so far that the cost meets 0.85 of the first one."
    with pytest.raises(ValueError, match="no layer 'outer' to leave"):
        adapted(model, channels, by_table(channels), tmp_path / "b", keep=["outer"])
    with pytest.raises(ValueError, match="No block of channels can be narrowed"):
        adapted(model, channels, by_table(channels), tmp_path / "c", keep=[*channels.blocks])
