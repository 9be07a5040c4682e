"""The report on a whole network."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from larq_focal.focal_plane import SensorError, Verdict, fit, load_sensor
from larq_focal.focal_plane.compiler import UnsupportedError, compile_network
from larq_focal.network.graph import QuantGraph
from larq_focal.network.graph_file import save_graph
from larq_focal.network.ops import (
    Add,
    Affine,
    Conv2DTranspose,
    GlobalPool,
    Input,
    Multiply,
    Pool2D,
    Slice,
    UniformQuantize,
    Unknown,
)
from tests.focal_plane.compiler.random_layers import Draw, network
from tests.focal_plane.graphs import chain, conv, dense, kernel, sign, two_layer_network
from tests.support.printing import printed


def image(side: int = 64, channels: int = 1, bits: int = 32) -> Input:
    return Input(name="image", shape=(side, side, channels), bits=bits)


def affine(name: str, source) -> Affine:
    ones = np.ones(source.shape[-1], np.float32)
    return Affine(name=name, inputs=(source.name,), shape=source.shape, mean=ones, scale=ones, bias=ones)


def one_layer(*, bits: int = 1, side: int = 64, **options) -> QuantGraph:
    """A thresholded image, one convolution, and a threshold."""
    pixels = image(side)
    bit = sign("bit", pixels)
    layer = conv("conv", bit, 16, bits, **options)
    return chain("one layer", pixels, bit, layer, sign("out", layer))


def test_two_layers_of_64x64x16():
    report = fit(two_layer_network(), "scamp5_programmer")
    first, second = report.layers
    assert (first.verdict, second.verdict, report.verdict) == (Verdict.FIT, Verdict.SPILL, Verdict.SPILL)
    assert (first.fan_in, first.accumulator_bits, first.weight_bits) == (9, 4, 144)
    assert (second.fan_in, second.accumulator_bits, second.weight_bits) == (144, 8, 2304)
    assert (first.digital.needed, first.digital.nominal, first.analog.needed) == (13, 13, 0)
    assert (first.maps_per_plane, first.map_planes, first.weight_planes) == (16, 1, 1)
    assert second.schedule == "S4" and second.analog.held == 1
    assert report.smallest_change == "conv2: groups=2 (fan-in 72, S3)"
    published = next(plan for plan in first.considered if (plan.schedule, plan.counter) == ("S1", "ripple"))
    assert published.icw == 185 and not published.reason


@pytest.mark.parametrize("groups", [2, 4, 16])
def test_two_layers_fit_with_groups(groups):
    report = fit(two_layer_network(groups=groups))
    assert report.verdict is Verdict.FIT and report.smallest_change is None


def test_a_fit_is_only_said_where_there_is_a_program():
    """By formula it fits; but blocks of 6x6 pixels, for which there are no address patterns, take more planes."""
    draw = Draw(height=40, width=40, in_channels=18, out_channels=18, groups=2, is_ternary=True, padding="same")
    (layer,) = fit(network(draw)).layers
    by_formula = {(option.schedule, option.counter): option.reason for option in layer.considered}
    assert by_formula[layer.schedule, layer.counter] == "" and layer.schedule != "S4"
    assert layer.verdict is Verdict.SPILL
    assert any("no program without a spill was found: " in note for note in layer.notes)
    assert any("compiled by itself to" in note for note in layer.notes)


def test_no_change_is_named_that_leaves_no_output():
    """A 5x5 kernel, unpadded, on maps that a stride before it would make smaller than itself."""
    image = Input(name="image", shape=(300, 8, 1))
    bits = sign("bits", image)
    graph = chain("tall", image, bits, conv("conv", bits, 4, size=5, padding="valid", shape=(296, 4, 4)))
    (layer,) = fit(graph).layers
    assert layer.verdict is Verdict.NO_FIT and not any("maps of" in change for change in layer.changes)


def test_a_layer_for_which_there_is_no_program_does_not_fit():
    sensor = replace(load_sensor("scamp5"), code_store_icw=50)
    (layer,) = fit(one_layer(), sensor).layers
    assert layer.verdict is Verdict.NO_FIT
    assert any("no program: the kernels take" in note and "holds 50" in note for note in layer.notes)


def test_register_map_names_every_register_once():
    uses = fit(two_layer_network()).layers[0].register_map
    assert [use["register"] for use in uses] == [f"R{index}" for index in range(5)] + ["FLAG"] + [
        f"R{index}" for index in range(5, 13)
    ]
    assert {use["register"]: use["role"] for use in uses}["R12"] == "weight of the tap"
    assert {use["kind"] for use in uses} == {"digital"}


def test_time_is_a_lower_bound_that_names_what_it_leaves_out():
    report = fit(one_layer())
    assert report.latency_lower_bound_us == pytest.approx(report.icw / 10)  # 10 MHz, one cycle each
    assert report.frames_per_second_at_most == pytest.approx(1e6 / report.latency_lower_bound_us)
    assert report.energy_lower_bound_uj == pytest.approx(report.icw * 0.123)  # 123 nJ each
    assert any("flood: not published; at least 9 calls" in line for line in report.unknown)


def test_known_overheads_are_added_and_no_longer_unknown():
    """Nine weight fetches of 9 us, as fitted to Liu & Lu 2022, take the layer to about 100 us."""
    sensor = load_sensor("scamp5")
    overheads = {**sensor.overhead_us, "load_pattern": 9.0}
    report = fit(one_layer(), replace(sensor, overhead_us=overheads))
    assert report.latency_lower_bound_us == pytest.approx(81 + report.icw / 10)
    assert not any("load_pattern: not published" in line for line in report.unknown)


def test_unknown_clock_gives_no_time():
    report = fit(one_layer(), "scamp7")
    assert report.latency_lower_bound_us is None and report.energy_lower_bound_uj is None
    assert any("clock" in line for line in report.unknown)


@pytest.mark.parametrize("bits", [8, 32])
def test_full_precision_and_8_bit_convolutions_do_not_fit(bits):
    report = fit(one_layer(bits=bits))
    (layer,) = report.layers
    assert layer.verdict is Verdict.NO_FIT and layer.schedule is None and report.icw is None
    assert f"the weights have {bits} bits; the array multiplies 1-bit and ternary ones" in layer.notes
    assert layer.changes == ("binary weights",)


def test_few_bit_weights_that_are_not_ternary_do_not_fit():
    pixels = image()
    bit = sign("bit", pixels)
    layer = conv("conv", bit, 4, bits=2)
    layer.kernel.codes[0] = 2
    assert fit(chain("two bits", pixels, bit, layer)).verdict is Verdict.NO_FIT


def test_ternary_weights_take_two_planes():
    (layer,) = fit(one_layer(bits=2)).layers
    assert layer.verdict is Verdict.FIT and (layer.weight_bits, layer.weight_planes) == (288, 2)


def test_real_valued_pixels_need_a_threshold():
    pixels = image(bits=8)
    layer = conv("conv", pixels, 16)
    (fitted,) = fit(chain("pixels", pixels, layer, sign("out", layer))).layers
    assert fitted.verdict is Verdict.FIT
    assert any("the input has 8 bits; judged as if each pixel were thresholded" in note for note in fitted.notes)


def test_real_valued_features_do_not_fit():
    pixels = image()
    bit = sign("bit", pixels)
    first = conv("first", bit, 4)
    report = fit(chain("features", pixels, bit, first, conv("second", first, 4)))
    assert [layer.verdict for layer in report.layers] == [Verdict.FIT, Verdict.NO_FIT]
    assert report.smallest_change == "second: 1-bit inputs"


def test_image_larger_than_the_array():
    (layer,) = fit(one_layer(side=300)).layers
    assert layer.verdict is Verdict.NO_FIT and layer.maps_per_plane == 0
    assert "a map of 300x300 pixels is larger than the array of 256x256" in layer.notes


def test_colours_have_to_be_loaded():
    pixels = image(channels=3)
    bit = sign("bit", pixels)
    assert fit(chain("colours", pixels, bit, conv("conv", bit, 4))).verdict is Verdict.FIT
    (layer,) = fit(chain("colours", pixels, conv("conv", pixels, 4))).layers
    assert "a pixel sees 1 of 3 channels; the others have to be loaded" in layer.notes


def test_classifier_runs_on_the_controller():
    network = one_layer()
    report = fit(chain("classifier", *network, *dense("logits", network["out"], 10)))
    logits = report.layers[-1]
    assert (logits.schedule, logits.verdict, logits.digital.needed) == ("controller", Verdict.FIT, 0)
    assert logits.bits_read == report.bits_read == 64 * 64 * 16
    assert "1 plane, 8,192 bytes" in logits.notes[0]


def test_convolution_over_the_whole_map_is_a_dense_layer():
    network = one_layer()
    whole_map = conv("logits", network["out"], 10, size=64, padding="valid", shape=(1, 1, 10))
    as_convolution = fit(chain("classifier", *network, whole_map)).layers[-1]
    as_dense = fit(chain("classifier", *network, *dense("logits", network["out"], 10, bits=1))).layers[-1]
    assert as_convolution == as_dense


def test_second_dense_layer_reads_nothing_more():
    network = one_layer()
    hidden = dense("hidden", network["out"], 8)
    report = fit(chain("two dense", *network, *hidden, *dense("logits", hidden[-1], 10)))
    assert [layer.bits_read for layer in report.layers] == [0, 65_536, 0]


def test_counts_are_read_bit_by_bit_where_no_threshold_follows():
    pixels = image()
    bit = sign("bit", pixels)
    layer = conv("conv", bit, 16)
    report = fit(chain("counts", pixels, bit, layer, *dense("logits", layer, 10)))
    assert report.layers[-1].bits_read == 4 * 65_536  # a count of up to 9 has 4 bits
    assert "threshold" not in report.layers[0].steps_icw


def test_global_average_reads_its_maps():
    network = one_layer()
    mean = GlobalPool(name="mean", inputs=("out",), shape=(16,), kind="average")
    report = fit(chain("mean", *network, mean))
    assert report.bits_read == 65_536 and any("'out' is read out" in note for note in report.notes)


def test_dense_network_leaves_the_array_idle():
    pixels = image(8)
    report = fit(chain("dense", pixels, *dense("logits", pixels, 10)))
    assert report.bits_read == 8 * 8 * 8 and "no layer runs on the array" in report.notes


def test_pooling_and_batch_normalisation_before_the_threshold():
    pixels = image()
    bit = sign("bit", pixels)
    layer = conv("conv", bit, 16)
    pool = Pool2D(name="pool", inputs=("conv",), shape=(32, 32, 16), kind="max", size=(2, 2), strides=(2, 2))
    norm = affine("norm", pool)
    (fitted,) = fit(chain("pooled", pixels, bit, layer, pool, norm, sign("out", norm))).layers
    assert fitted.steps_icw["threshold"] == 20  # a threshold of its own for each map, 4 bits of 5 words
    assert fitted.steps_icw["pool"] == 3 * (5 + 2)
    assert any("max-pooling 2x2 takes 2 planes" in note for note in fitted.notes)


def test_shared_threshold_that_is_not_zero_is_each_maps_own():
    pixels = image()
    bit = sign("bit", pixels)
    layer = conv("conv", bit, 16)
    (fitted,) = fit(chain("threshold", pixels, bit, layer, sign("out", layer, 0.5))).layers
    assert fitted.steps_icw["threshold"] == 20


def test_shortcut_is_held_past_the_layers_between():
    pixels = image()
    bit = sign("bit", pixels)
    first = conv("first", bit, 16)
    middle = sign("middle", first)
    second = conv("second", middle, 16, groups=16)
    total = Add(name="total", inputs=("first", "second"), shape=(64, 64, 16))
    report = fit(chain("residual", pixels, bit, first, middle, second, total))
    assert [layer.analog.held for layer in report.layers] == [0, 1]
    assert any("'first' is held past this layer" in note for note in report.layers[1].notes)


def test_stride_and_padding_are_noted():
    (layer,) = fit(one_layer(strides=(2, 2), shape=(32, 32, 16))).layers
    assert any("a stride saves no time" in note for note in layer.notes)
    assert any("outer ring" in note for note in layer.notes)
    (valid,) = fit(one_layer(padding="valid", shape=(62, 62, 16))).layers
    assert not any("outer ring" in note for note in valid.notes)


def test_8_bit_pixels_are_seen_through_a_quantizer():
    pixels = image()
    rounded = UniformQuantize(name="rounded", inputs=("image",), shape=pixels.shape, scale=0.1)
    layer = conv("conv", rounded, 4)
    (fitted,) = fit(chain("rounded", pixels, rounded, layer)).layers
    assert fitted.verdict is Verdict.FIT and any("the input has 8 bits" in note for note in fitted.notes)


def test_what_is_not_understood_is_said():
    network = one_layer()
    strange = Unknown(name="strange", inputs=("out",), shape=(64, 64, 16), kind="Fourier")
    report = fit(chain("strange", *network, strange))
    assert report.not_judged == ("'strange': Fourier is not understood, and was not judged",)
    assert report.verdict is Verdict.NOT_JUDGED and report.smallest_change is None


def test_network_without_weights_is_refused():
    pixels = image()
    with pytest.raises(ValueError, match="'nothing' has no convolution or dense layer"):
        fit(chain("nothing", pixels, sign("bit", pixels)))


def test_unknown_sensor_is_refused_before_the_network_is_read():
    with pytest.raises(SensorError, match="no sensor 'scamp6'"):
        fit("no_such_file.keras", "scamp6")


def test_files_are_read(tmp_path):
    path = save_graph(two_layer_network(), tmp_path / "two.qgraph")
    sensor = tmp_path / "mine.yaml"
    sensor.write_text("extends: scamp5\nname: mine\n")
    mine, own = fit(path, sensor).to_dict(), fit(two_layer_network()).to_dict()
    assert mine.pop("sensor") == "mine" and own.pop("sensor") == "scamp5"
    assert json.dumps(mine).replace("mine has", "scamp5 has") == json.dumps(own)  # a note names the sensor


def test_terminal_shows_verdicts_registers_changes_and_unknowns():
    text = printed(fit(two_layer_network()))
    for part in (
        "FIT WITH SPILL",
        "12 digital and 6 analog",
        "12/12",
        "held 8/8",
        "groups=2",
        "not published",
        "2,304 ",
        "lower bound",
        "calibrated: Liu and Lu 2022",
        "raw image",
    ):
        assert part in text
    assert "NO FIT" in printed(fit(one_layer(bits=32)))


@settings(max_examples=30)
@given(
    st.sampled_from(["scamp5", "scamp5_programmer", "scamp7", "template"]),
    st.sampled_from([1, 2, 8, 32]),
    st.sampled_from([8, 60, 300]),
    st.integers(1, 70),
)
def test_report_is_plain_json_and_agrees_with_itself(sensor, bits, side, maps):
    report = fit(two_layer_network(side, maps, bits), sensor)
    plain = report.to_dict()
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    assert plain["verdict"] == max((layer.verdict for layer in report.layers), key=lambda v: v.rank).value
    for layer in plain["layers"]:
        if layer["verdict"] == "FIT":
            assert layer["digital"]["needed"] <= layer["digital"]["nominal"]
            assert layer["digital"]["held"] <= layer["digital"]["usable"]
            assert layer["change"] is None
    assert printed(report)


def test_importing_is_light():
    """Judging runs on machines without TensorFlow, and must answer at once."""
    heavy = "tensorflow", "larq", "pandas", "plotly"
    code = f"import sys, larq_focal.focal_plane; print([name for name in {heavy} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_a_network_with_an_unknown_part_has_no_totals():
    plain = fit(one_layer())
    network = one_layer()
    strange = Unknown(name="strange", inputs=("out",), shape=(64, 64, 16), kind="LSTM")
    report = fit(chain("strange", *network, strange, *dense("logits", strange, 10)))
    assert report.verdict is Verdict.NOT_JUDGED and plain.verdict is Verdict.FIT
    totals = report.icw, report.latency_lower_bound_us, report.energy_lower_bound_uj, report.frames_per_second_at_most
    assert totals == (None,) * 4 and report.data_reduction is None and report.estimates == ()
    assert "Not judged" in printed(report) and "0.0 us" not in printed(report)


def test_no_fit_is_worse_than_not_judged():
    network = one_layer(bits=32)
    strange = Unknown(name="strange", inputs=("out",), shape=(64, 64, 16), kind="LSTM")
    report = fit(chain("strange", *network, strange))
    assert report.verdict is Verdict.NO_FIT and report.not_judged
    assert [verdict.rank for verdict in Verdict] == [0, 1, 2, 3]
    assert list(map(str, Verdict)) == ["FIT", "FIT WITH SPILL", "NOT JUDGED", "NO FIT"]


def test_nothing_on_the_array_is_not_judged():
    """All of no layers fit; that says nothing."""
    pixels = image(8)
    report = fit(chain("dense", pixels, *dense("logits", pixels, 10)))
    assert report.verdict is Verdict.NOT_JUDGED and report.icw is None


def test_layers_of_a_kind_that_is_not_known_are_not_judged():
    network = one_layer()
    up = Conv2DTranspose(
        name="up", inputs=("out",), shape=(128, 128, 4), kernel=kernel((3, 3, 16, 4), 1), strides=(2, 2)
    )
    for sensor in ("scamp5", "binareye"):
        report = fit(chain("up", *network, up), sensor)
        assert report.not_judged == (
            "'up': Conv2DTranspose is a layer that was not judged; convolutions and dense layers are",
        )
        assert report.layers[-1].verdict is Verdict.NOT_JUDGED and "NOT JUDGED" in printed(report)
    assert fit(chain("up", *network, up)).verdict is Verdict.NOT_JUDGED


def test_a_network_of_unknown_parts_alone_is_not_judged():
    """It is not an error: what it holds is not known."""
    pixels = image(8)
    report = fit(chain("strange", pixels, Unknown(name="strange", inputs=("image",), shape=(8,), kind="LSTM")))
    assert report.verdict is Verdict.NOT_JUDGED and report.layers == () and report.icw is None


@pytest.mark.parametrize(
    ("between", "kind"),
    [
        (
            Pool2D(name="mid", inputs=("conv",), shape=(32, 32, 16), kind="average", size=(2, 2), strides=(2, 2)),
            "average",
        ),
        (Multiply(name="mid", inputs=("conv", "conv"), shape=(64, 64, 16)), "Multiply"),
        (Slice(name="mid", inputs=("out",), shape=(32, 32, 16), begin=(0, 0, 0), strides=(2, 2, 1)), "Slice"),
    ],
)
def test_operations_between_layers_that_no_program_has_are_not_judged(between, kind):
    network = one_layer()
    bits = sign("bits", between)
    second = conv("second", bits, 4)
    graph = QuantGraph("between", (*network, between, bits, second, sign("end", second)), ["end"])
    report = fit(graph)
    assert report.verdict is Verdict.NOT_JUDGED
    assert len(report.not_judged) == 1 and "'mid': " in report.not_judged[0] and kind in report.not_judged[0]
    with pytest.raises(UnsupportedError, match="'second' follows "):
        compile_network(graph)


def test_bit_widths_alone_decide_at_once(monkeypatch):
    """A float stem before a binary layer that would take long to compile."""
    pixels = image(32, 3)
    stem = conv("stem", pixels, 16, 32)
    bits = sign("bits", stem)
    body = conv("body", bits, 16)
    lines: list[str] = []
    report = fit(chain("stem", pixels, stem, bits, body, sign("out", body)), progress=lines.append)
    assert report.verdict is Verdict.NO_FIT and report.layers[0].changes[0].startswith("binary weights")
    assert "bit widths or sizes alone decide that it does not fit: no layer was compiled" in report.notes
    assert not any("body" in line for line in lines)
    assert "judged by formula: a layer of this size is not compiled here" not in report.layers[1].notes


def test_progress_tells_the_layer():
    lines: list[str] = []
    fit(two_layer_network(), progress=lines.append)
    assert any(line.startswith("layer 1 of 2, 'conv1': program 1") for line in lines)
    assert any(line.startswith("layer 2 of 2, 'conv2', changes: program") for line in lines)
