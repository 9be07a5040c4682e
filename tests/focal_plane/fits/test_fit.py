"""The report on a whole network."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from larq_focal.cli.output import EXIT_STATUSES
from larq_focal.focal_plane import SensorError, Verdict, fit, load_sensor
from larq_focal.focal_plane.compiler import UnsupportedError, compile_network
from larq_focal.network.graph import QuantGraph
from larq_focal.network.graph_file import save_graph
from larq_focal.network.ops import (
    Affine,
    Conv2DTranspose,
    GlobalPool,
    Input,
    Multiply,
    Pool2D,
    Slice,
    Unknown,
)
from tests.focal_plane.compiler.random_layers import Draw, network
from tests.focal_plane.graphs import chain, conv, dense, drawn_two_layers, kernel, sign, two_layer_network
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


def test_two_layers_of_16_maps():
    report = fit(drawn_two_layers(), "scamp5_programmer")
    compiled = compile_network(drawn_two_layers(), "scamp5_programmer")
    first, second = report.layers
    assert (first.verdict, second.verdict, report.verdict) == (Verdict.FIT, Verdict.SPILL, Verdict.SPILL)
    assert (first.fan_in, first.weight_bits) == (9, 144) and (second.fan_in, second.weight_bits) == (144, 2304)
    assert first.placement == "16 channels in blocks of 4x4 pixels"
    assert (report.icw, report.store_icw, report.calls) == (compiled.total_icw, compiled.store_icw, compiled.calls)
    assert [layer.icw for layer in report.layers] == [sum(compiled.icw[name].values()) for name in ("conv1", "conv2")]
    assert sum(second.calls.values()) + sum(first.calls.values()) <= sum(report.calls.values())
    assert report.smallest_change == report.changes[0] and report.changes[0].startswith("conv2: groups=")
    assert report.minimised == "time"


def test_a_network_fits_with_the_change_that_is_named():
    report = fit(drawn_two_layers(groups=2))
    assert report.verdict is Verdict.FIT and report.changes == ()


def test_a_verdict_is_that_of_the_program_where_it_spills():
    """Blocks of 6x6 pixels, for which there are no address patterns, take more planes than the count asks for."""
    draw = Draw(height=40, width=40, in_channels=18, out_channels=18, groups=2, is_ternary=True, padding="same")
    report = fit(network(draw))
    (layer,) = report.layers
    assert layer.verdict is report.verdict is Verdict.SPILL and layer.spills_to == ("analog",)
    assert any("no program without a spill was found: " in note for note in report.notes)
    assert any("some of the planes spill here, to analog registers" in note for note in layer.notes)


def test_a_store_that_is_too_small_is_said():
    report = fit(one_layer(), replace(load_sensor("scamp5"), code_store_icw=50), limit_s=10)
    assert report.verdict is Verdict.NO_FIT and report.icw is None
    assert any("no program: the kernels take" in note and "holds 50" in note for note in report.notes)
    assert [layer.verdict for layer in report.layers] == [Verdict.NOT_JUDGED], "no layer is to blame"


def test_register_map_names_what_the_program_uses():
    (first, _) = fit(two_layer_network(groups=16)).layers
    names = [use["register"] for use in first.register_map]
    assert len(names) == len(set(names)) and {use["kind"] for use in first.register_map} == {"digital"}
    assert first.digital.needed == len(set(names) - {"R0", "FLAG"}) <= first.digital.nominal
    assert "shifting input" in " ".join(use["role"] for use in first.register_map)


def test_time_is_a_lower_bound_that_names_what_it_leaves_out():
    report = fit(one_layer())
    assert report.latency_lower_bound_us == pytest.approx(report.icw / 10)  # 10 MHz, one cycle each
    assert report.frames_per_second_at_most == pytest.approx(1e6 / report.latency_lower_bound_us)
    assert report.energy_lower_bound_uj == pytest.approx(report.icw * 0.123)  # 123 nJ each
    launches = report.calls["kernel_launch"]
    assert any(f"kernel_launch: not published; at least {launches} call" in line for line in report.unknown)


def test_known_overheads_are_added_and_no_longer_unknown():
    sensor = load_sensor("scamp5")
    report = fit(one_layer(), replace(sensor, overhead_us={**sensor.overhead_us, "kernel_launch": 9.0}))
    assert report.latency_lower_bound_us == pytest.approx(9 * report.calls["kernel_launch"] + report.icw / 10)
    assert not any("kernel_launch: not published" in line for line in report.unknown)


@pytest.mark.parametrize("bits", [8, 32])
def test_full_precision_and_8_bit_convolutions_do_not_fit(bits):
    graph = one_layer(bits=bits)
    if bits == 8:
        graph["conv"].kernel.codes[0] = 3
    report = fit(graph)
    (layer,) = report.layers
    assert layer.verdict is report.verdict is Verdict.NO_FIT and layer.placement is None and report.icw is None
    assert f"'conv' has weights of {bits} bits; the array multiplies 1-bit and ternary ones" in layer.notes
    assert report.changes[0] == "conv: binary weights"


def test_real_valued_pixels_need_a_sign():
    pixels = image(bits=8)
    layer = conv("conv", pixels, 16)
    report = fit(chain("pixels", pixels, layer, sign("out", layer)))
    assert report.verdict is Verdict.NO_FIT and report.changes[0] == "conv: 1-bit inputs"
    assert any("reads 'image' of 8 bits; the array multiplies 1-bit inputs" in note for note in report.layers[0].notes)


def test_real_valued_features_do_not_fit():
    pixels = image(16)
    bit = sign("bit", pixels)
    first = conv("first", bit, 4)
    report = fit(chain("features", pixels, bit, first, conv("second", first, 4)))
    assert [layer.verdict for layer in report.layers] == [Verdict.NOT_JUDGED, Verdict.NO_FIT]
    assert report.smallest_change == "second: 1-bit inputs"


def test_image_larger_than_the_array():
    report = fit(one_layer(side=300))
    assert report.verdict is Verdict.NO_FIT and report.changes == ()
    assert any("maps of 300x300 pixels, and the array of scamp5 has 256x256" in n for n in report.layers[0].notes)


def test_classifier_runs_on_the_controller():
    network = one_layer()
    report = fit(chain("classifier", *network, *dense("logits", network["out"], 10)))
    logits = report.layers[-1]
    assert (logits.placement, logits.verdict, logits.digital.needed) == ("controller", Verdict.FIT, 0)
    assert report.bits_read == 64 * 64 * 16
    assert any("'out' is read out: 65,536 bits per frame in 1 plane" in note for note in report.notes)


def test_counts_are_read_bit_by_bit_where_no_threshold_follows():
    pixels = image()
    bit = sign("bit", pixels)
    layer = conv("conv", bit, 16)
    report = fit(chain("counts", pixels, bit, layer, *dense("logits", layer, 10)))
    assert report.bits_read == 4 * 65_536  # a count of up to 9 has 4 bits


def test_a_limit_on_time_is_not_a_verdict():
    report = fit(two_layer_network(), limit_s=0)
    assert report.verdict is Verdict.NOT_JUDGED and report.icw is None and report.changes == ()
    assert report.not_judged == ("no program was found within 0 seconds of CPU time",)
    assert report.estimated_icw == sum(layer.estimated_icw for layer in report.layers) > 0
    assert "estimate" in printed(report) and report.latency_lower_bound_us is None


def test_unknown_clock_gives_no_time():
    report = fit(one_layer(), "scamp7")
    assert report.latency_lower_bound_us is None and report.energy_lower_bound_uj is None
    assert any("clock" in line for line in report.unknown)


def test_few_bit_weights_that_are_not_ternary_do_not_fit():
    pixels = image()
    bit = sign("bit", pixels)
    layer = conv("conv", bit, 4, bits=2)
    layer.kernel.codes[0] = 2
    assert fit(chain("two bits", pixels, bit, layer)).verdict is Verdict.NO_FIT


def test_ternary_weights_take_two_planes():
    (layer,) = fit(one_layer(bits=2)).layers
    assert layer.verdict is Verdict.FIT and (layer.weight_bits, layer.weight_planes) == (288, 2)


def test_convolution_over_the_whole_map_is_a_dense_layer():
    network = one_layer()
    whole_map = conv("logits", network["out"], 10, size=64, padding="valid", shape=(1, 1, 10))
    as_convolution = fit(chain("classifier", *network, whole_map)).layers[-1]
    as_dense = fit(chain("classifier", *network, *dense("logits", network["out"], 10, bits=1))).layers[-1]
    assert as_convolution == as_dense


def test_global_average_reads_its_maps():
    network = one_layer()
    mean = GlobalPool(name="mean", inputs=("out",), shape=(16,), kind="average")
    report = fit(chain("mean", *network, mean))
    assert report.bits_read == 65_536 and any("'out' is read out" in note for note in report.notes)


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
    path = save_graph(one_layer(), tmp_path / "one.qgraph")
    sensor = tmp_path / "mine.yaml"
    sensor.write_text("extends: scamp5\nname: mine\n")
    mine, own = fit(path, sensor).to_dict(), fit(one_layer()).to_dict()
    assert mine.pop("sensor") == "mine" and own.pop("sensor") == "scamp5"
    assert json.dumps(mine).replace("mine has", "scamp5 has") == json.dumps(own)  # a note names the sensor


@settings(max_examples=12)
@given(
    st.sampled_from(["scamp5", "scamp5_programmer", "scamp7", "template"]),
    st.sampled_from([1, 2, 8, 32]),
    st.sampled_from([8, 60, 300]),
    st.integers(1, 12),
)
def test_report_is_plain_json_and_agrees_with_itself(sensor, bits, side, maps):
    report = fit(two_layer_network(side, maps, bits), sensor, limit_s=10)
    plain = report.to_dict()
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    for layer in plain["layers"]:
        if layer["verdict"] == "FIT":
            assert layer["digital"]["needed"] <= layer["digital"]["nominal"]
            assert layer["icw"] is not None and layer["estimated_icw"] is None
    assert (plain["icw"] is not None) == report.verdict.fits
    assert printed(report)


def test_importing_is_light():
    """Judging runs on machines without TensorFlow, and must answer at once."""
    heavy = "tensorflow", "larq", "pandas", "plotly"
    code = f"import sys, larq_focal.focal_plane; print([name for name in {heavy} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_no_fit_is_worse_than_not_judged():
    network = one_layer(bits=32)
    strange = Unknown(name="strange", inputs=("out",), shape=(64, 64, 16), kind="LSTM")
    report = fit(chain("strange", *network, strange))
    assert report.verdict is Verdict.NO_FIT and report.not_judged
    assert [verdict.rank for verdict in Verdict] == list(range(6))
    fits = ["FIT", "FIT WITH SWAP", "FIT WITH SPILL", "FIT WITH SPILL AND SWAP"]
    assert list(map(str, Verdict)) == [*fits, "NOT JUDGED", "NO FIT"]
    assert [str(verdict) for verdict in Verdict if verdict.fits] == fits == [*EXIT_STATUSES][: len(fits)]
    assert {EXIT_STATUSES[verdict] for verdict in fits} == {0} and set(map(str, Verdict)) == set(EXIT_STATUSES)


def test_nothing_on_the_array_is_not_judged():
    """All of no layers fit; that says nothing."""
    pixels = image(8)
    report = fit(chain("dense", pixels, *dense("logits", pixels, 10)))
    assert report.verdict is Verdict.NOT_JUDGED and report.icw is None
    assert report.not_judged == ("'dense' has no one-bit maps that the array could work on",)


def test_layers_of_a_kind_that_is_not_known_are_not_judged():
    network = one_layer()
    up = Conv2DTranspose(
        name="up", inputs=("out",), shape=(128, 128, 4), kernel=kernel((3, 3, 16, 4), 1), strides=(2, 2)
    )
    graph = chain("up", *network, up)
    report = fit(graph, "binareye")
    assert report.not_judged == (
        "'up': Conv2DTranspose is a layer that was not judged; convolutions and dense layers are",
    )
    assert report.layers[-1].verdict is Verdict.NOT_JUDGED and "NOT JUDGED" in printed(report)
    report = fit(graph)
    assert (report.verdict, report.layers[-1].placement) == (Verdict.FIT, "controller"), "as the program has it"
    assert compile_network(graph).tail == ("up",)


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
    assert len(report.not_judged) == 1 and "from 'mid' on: " in report.not_judged[0] and kind in report.not_judged[0]
    with pytest.raises(UnsupportedError, match="'second' follows ") as refusal:
        compile_network(graph)
    assert refusal.value.verdict is Verdict.NOT_JUDGED


def test_bit_widths_alone_decide_at_once():
    """A float stem before a binary layer that would take long to compile."""
    pixels = image(32, 3)
    stem = conv("stem", pixels, 16, 32)
    bits = sign("bits", stem)
    body = conv("body", bits, 16)
    lines: list[str] = []
    start = time.monotonic()
    report = fit(chain("stem", pixels, stem, bits, body, sign("out", body)), progress=lines.append)
    assert report.verdict is Verdict.NO_FIT and time.monotonic() - start < 20
    assert "bit widths or sizes alone decide that it does not fit: it was not compiled" in report.notes
    assert not any(line.startswith("program") for line in lines)


def test_progress_tells_the_program_and_the_change():
    lines: list[str] = []
    fit(drawn_two_layers(maps=16), progress=lines.append)
    assert lines[0] == "program 1, interleaved"
    assert "changes: conv2: groups=2 (fan-in 72)" in lines


def test_terminal_shows_verdicts_registers_changes_and_unknowns():
    text = printed(fit(drawn_two_layers()))
    for part in (
        "FIT WITH SPILL",
        "12 digital and 6 analog",
        "12/12",
        "blocks of 4x4",
        "groups=2",
        "not published",
        "2,304 ",
        "lower bound",
        "calibrated: Liu and Lu 2022",
        "raw image",
        "of least time was taken",
    ):
        assert part in text
    assert "S1" not in text and "S4" not in text
    assert "NO FIT" in printed(fit(one_layer(bits=32)))


def test_a_network_with_an_unknown_part_has_no_totals():
    plain = fit(one_layer())
    network = one_layer()
    strange = Unknown(name="strange", inputs=("out",), shape=(64, 64, 16), kind="LSTM")
    report = fit(chain("strange", *network, strange, *dense("logits", strange, 10)))
    assert report.verdict is Verdict.NOT_JUDGED and plain.verdict is Verdict.FIT
    totals = report.icw, report.latency_lower_bound_us, report.energy_lower_bound_uj, report.frames_per_second_at_most
    assert totals == (None,) * 4 and report.data_reduction is None and report.estimates == ()
    assert "Not judged" in printed(report) and "0.0 us" not in printed(report)
