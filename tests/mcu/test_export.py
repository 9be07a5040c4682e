"""The folder of an export: what it holds, what it says, and what is refused."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace

import numpy as np
import pytest

from larq_focal.deploy.pixels import SCALES
from larq_focal.mcu import CExportError, export_c
from larq_focal.mcu import audit as auditing
from larq_focal.mcu.code_size import code_size
from larq_focal.mcu.cost import table_bytes
from larq_focal.mcu.host import SANITIZERS, STRICT, NoCompiler, compiler
from larq_focal.mcu.passes import lower_for_c
from larq_focal.mcu.pixel_input import with_pixel_input
from larq_focal.mcu.program import program_of
from larq_focal.network import Kernel, QuantGraph, interpret, ops, save_graph
from tests.mcu.networks import Chain, image_network, samples
from tests.support.microcontroller import host_compiler

FILES = {"network.c", "network.h", "main.c", "README.md"}


@pytest.fixture(scope="module")
def export(tmp_path_factory):
    return export_c(image_network(), tmp_path_factory.mktemp("export") / "c", name="digits")


def test_the_folder_holds_the_files(export):
    assert {path.name for path in export.folder.iterdir()} == FILES
    host_compiler()
    assert export.audit.samples == export.audit.equal == 4
    assert export.notes == ()


def test_figures_are_those_of_the_compiled_program(export, tmp_path):
    """Tables are as large as the symbols of the object file, and so is the context."""
    code = '#include "network.h"\ndigits_context context;\n'
    (tmp_path / "context.c").write_text(code)
    sizes = {}
    for file in (export.folder / "network.c", tmp_path / "context.c"):
        made = tmp_path / f"{file.stem}.o"
        include = f"-I{export.folder}"
        subprocess.run([host_compiler(), "-std=c99", "-O0", "-c", include, "-o", made, file], check=True)
        listed = subprocess.run(["nm", "-S", made], capture_output=True, text=True, check=True).stdout
        sizes |= {name: int(size, 16) for size, name in re.findall(r"^\w+ (\w+) [rBbC] (\w+)$", listed, re.M)}
    tables = table_bytes((export.folder / "network.c").read_text())
    assert tables
    assert tables == {name: sizes[name] for name in tables}
    assert export.cost.table_bytes == sum(tables.values())
    assert export.cost.ram_bytes == sizes["context"]


def test_the_code_is_measured_by_a_compiler_for_the_target(export, tmp_path, monkeypatch):
    host_compiler()
    assert 500 < export.code.bytes < 10_000
    assert (
        f"| flash: code, gcc -O2 for this machine | {export.code.bytes:,} |"
        in (export.folder / "README.md").read_text()
    )
    placed = export_c(image_network(), tmp_path / "placed", weights_section=".tables", code_section=".fast")
    assert placed.code.bytes == export.code.bytes
    monkeypatch.setenv("PATH", str(tmp_path))
    without = code_size(export.folder, "rv32")
    assert (without.bytes, without.says) == (None, "not measured: there is no riscv64-unknown-elf-gcc here")


def test_binary_weights_take_a_bit_each_in_whole_words_of_a_filter(export):
    tables = table_bytes((export.folder / "network.c").read_text())
    assert tables["conv_1_weights"] == 20 * 4  # 3x3x3 bits: one word
    assert tables["conv_2_weights"] == 33 * 6 * 4  # 3x3x20 bits: six words
    assert tables["dense_weights"] == 10 * 17 * 4  # 528 bits


def test_operations_are_those_of_the_layers(export):
    assert export.cost.operations["binary"] == 144 * 27 * 20 + 16 * 180 * 33 + 528 * 10


def test_the_readme_says_what_it_takes(export):
    text = (export.folder / "README.md").read_text()
    assert f"| {export.cost.ram_bytes:,} |" in text
    assert f"| {export.cost.table_bytes:,} |" in text
    assert "All is computed in integers." in text
    assert str(export).splitlines()[0].startswith(str(export.folder)[:40])


@pytest.mark.parametrize("input_in_arena", [False, True])
def test_main_runs_the_embedded_sample(tmp_path, input_in_arena):
    graph = Chain("mixed", (6, 6, 3)).conv("conv", 5, scale=0.3).add(ops.GlobalPool, "mean", kind="average").graph()
    export = export_c(graph, tmp_path / "c", input_in_arena=input_in_arena)
    assert export.cost.float_steps == ("conv", "mean")
    assert "Floats are computed with in `conv`, `mean`" in (export.folder / "README.md").read_text()
    program = tmp_path / "main"
    sources = [export.folder / "main.c", export.folder / "network.c"]
    subprocess.run([host_compiler(), *STRICT, *SANITIZERS, "-o", program, *sources], check=True)
    assert subprocess.run([program]).returncode == 0
    damaged = (
        sources[0].read_text().replace("expected_output_mean[5]", "wrong[5]").replace("expected_output_mean[i]", "9")
    )
    sources[0].write_text(damaged)
    subprocess.run([host_compiler(), "-std=c99", "-o", program, *sources], check=True)
    assert subprocess.run([program]).returncode == 5


@pytest.mark.parametrize("pixels", ["centred", "signed", "unit", "raw"])
def test_pixels_are_scaled_in_whole_numbers(pixels):
    graph = Chain("floats", (7, 7, 2), bits=32).conv("c", 9, padding="same", scale=0.5)
    graph = graph.sign("s", 0.613).conv("c1", 4).graph()
    taking = with_pixel_input(graph, pixels)
    lowered = lower_for_c(taking)
    inputs = samples(taking, 16)
    before = interpret(graph, SCALES[pixels][1](inputs["image"]).astype(np.float32), ["c"])["c"]
    np.testing.assert_allclose(interpret(taking, inputs, ["c"])["c"], before, atol=1e-4)
    program = program_of(lowered, "generic")
    assert not [function.name for function in program.functions if function.target.storage == "f32"]
    np.testing.assert_array_equal(*(interpret(each, inputs, ["c1"])["c1"] for each in (taking, lowered)))


def test_a_softmax_at_the_end_is_left_out_and_said(tmp_path):
    graph = Chain("scores", (4, 4, 2)).sign("s", 127.5).flat().dense("d", 3)
    graph = graph.add(ops.Activation, "softmax", kind="softmax").graph()
    export = export_c(graph, tmp_path / "c")
    assert export.notes == (
        "The scores of 'softmax' are those before its softmax: the order of the classes is the same.",
    )
    assert export.notes[0] in (tmp_path / "c" / "README.md").read_text()


def test_operations_without_c_are_all_named_with_what_to_do(tmp_path):
    chain = Chain("strange", (4, 4, 2)).sign("s", 127.5).conv("c", 3).add(ops.Activation, "gate", kind="sigmoid")
    chain.add(ops.Unknown, "recurrent", shape=(2, 2, 3), kind="LSTM").sign("s1")
    with pytest.raises(CExportError, match=r"'gate' is a sigmoid.*use hard_sigmoid.*'recurrent' is LSTM.*replace it"):
        export_c(chain.graph(), tmp_path / "c")
    assert not [*tmp_path.iterdir()]


def test_ram_over_a_limit_is_told_layer_by_layer(tmp_path):
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "network.c").write_text("/* written by larq_focal 0.1 */")
    with pytest.raises(CExportError) as error:
        export_c(image_network(), tmp_path / "c", max_ram_bytes=126)
    lines = str(error.value).splitlines()
    assert "works in 128 bytes, and the limit is 126 bytes" in lines[0]
    assert len(lines) == 2
    assert lines[1] == "  'conv_2' uses 128 bytes: 92 for 'pool', 68 for 'sign_2', 24 for 'conv_2/window'"
    assert (tmp_path / "c" / "network.c").read_text() == "/* written by larq_focal 0.1 */"
    assert len([*tmp_path.rglob("*")]) == 2
    assert export_c(image_network(), tmp_path / "c", max_ram_bytes=128).cost.ram_bytes == 128


@pytest.mark.parametrize("file", ["network.c", "network.h", "main.c", "README.md"])
def test_files_of_others_are_not_replaced(tmp_path, file):
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / file).write_text("int main(void) { return 0; }")
    with pytest.raises(FileExistsError, match=f"'.*{file}' was not written by larq_focal.*choose another folder"):
        export_c(image_network(), folder)
    assert [path.name for path in folder.iterdir()] == [file]
    assert (folder / file).read_text() == "int main(void) { return 0; }"
    (folder / file).unlink()
    (folder / "board.c").write_text("/* of a board */")
    for _ in range(2):  # what was written before is replaced
        export_c(image_network(), folder)
    assert (folder / "board.c").read_text() == "/* of a board */"


def test_a_program_that_differs_is_not_written(tmp_path, monkeypatch):
    host_compiler()
    real = auditing.interpret
    monkeypatch.setattr(auditing, "interpret", lambda *args: {k: v + 2 for k, v in real(*args).items()})
    with pytest.raises(CExportError, match="equal to the interpreter to the bit on 0 of 4 samples"):
        export_c(image_network(), tmp_path / "c")
    assert not [*tmp_path.iterdir()]


def floating() -> QuantGraph:
    """Float inputs under float weights, whose sums the compiler orders as it likes."""
    chain = Chain("floats", (6, 6, 4), bits=32).conv("c", 5)
    weights = np.random.default_rng(1).normal(size=(3, 3, 4, 5)).astype(np.float32)
    graph = chain.add(ops.GlobalPool, "mean", kind="average").graph()
    return graph.rewritten(replace(op, kernel=Kernel(weights, None, 32)) if op.name == "c" else op for op in graph)


@pytest.mark.parametrize(("factor", "is_written"), [(1, True), (1.001, False)])
def test_floats_may_differ_by_their_rounding_alone(factor, is_written, tmp_path, monkeypatch):
    host_compiler()
    real = auditing.interpret
    monkeypatch.setattr(auditing, "interpret", lambda *args: {k: v * factor for k, v in real(*args).items()})
    if is_written:
        assert export_c(floating(), tmp_path / "c").audit.largest_difference < 1e-6
        return
    with pytest.raises(CExportError, match="equal to the interpreter to the bit on 0 of 4 samples"):
        export_c(floating(), tmp_path / "c")
    assert not [*tmp_path.iterdir()]


def test_without_a_compiler_it_is_said_that_nothing_was_compared(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoCompiler):
        compiler()
    export = export_c(image_network(), tmp_path / "c")
    assert export.audit.samples == 0
    assert "not compared with the interpreter: There is no C compiler" in (tmp_path / "c" / "README.md").read_text()
    assert "Not compared with the interpreter: There is no C compiler" in " ".join(str(export).split())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": "2digits"}, "not a name for C"),
        ({"name": "while"}, "is a word of C"),
        ({"max_ram_bytes": -1}, "cannot be -1 bytes"),
        ({"target": "z80"}, "no target 'z80'; choose from generic"),
        ({"pixels": "bright"}, "no scale 'bright'"),
        ({"pixels": "unit"}, "takes 8-bit pixels as they are"),
        ({"weights_section": 'x")))'}, "not the name of a section"),
        ({"data": np.zeros((2, 3, 3, 3))}, r"has the shape \[batch, 12, 12, 3\]"),
        ({"data": np.zeros((0, 12, 12, 3))}, "no samples"),
    ],
)
def test_arguments_that_make_no_sense(tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        export_c(image_network(), tmp_path / "c", **options)
    assert not [*tmp_path.iterdir()]


def test_a_file_is_not_a_folder(tmp_path):
    (tmp_path / "c").write_text("")
    with pytest.raises(NotADirectoryError, match="needed is the name of a folder"):
        export_c(image_network(), tmp_path / "c")


@pytest.mark.parametrize("place", ["/proc/larq_focal", "file/folder"])
def test_a_folder_that_cannot_be_made_is_named(tmp_path, place):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=f"The folder '.*{place}' cannot be written: .*. Choose another one"):
        export_c(image_network(), tmp_path / place)


def test_names_of_layers_are_harmless(tmp_path):
    """Whatever a layer is called, and twice the same in the letters that C has."""
    host_compiler()
    chain = (
        Chain('*/ int main() {} /* "', (4, 4, 3))
        .sign("int", 127.5)
        .conv("a/b", 5)
        .sign("a b")
        .conv("ä*/", 4, size=(1, 2))
    )
    chain.sign("context").flat("2").dense("arena", 3)
    export = export_c(chain.graph(), tmp_path / "c")
    assert export.audit.equal == 4


def test_the_same_from_a_file(tmp_path):
    path = save_graph(image_network(), tmp_path / "net.qgraph")
    first, second = (export_c(path, tmp_path / name).folder / "network.c" for name in "ab")
    assert first.read_text() == second.read_text()


def test_networks_of_two_inputs(tmp_path):
    inputs = [ops.Input(name=name, shape=(3, 3, 2), bits=8) for name in ("left", "right")]
    total = ops.Add(name="sum", inputs=("left", "right"), shape=(3, 3, 2))
    export = export_c(QuantGraph("pair", [*inputs, total], ["sum"]), tmp_path / "c")
    assert export.cost.ram_bytes == 4  # nothing lies in the arena, which C wants to have a word
    assert "const uint8_t *input_left, const uint8_t *input_right, int16_t *output_sum" in (
        (tmp_path / "c" / "network.h").read_text()
    )
