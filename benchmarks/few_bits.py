"""Times layers of few bits in LiteRT: the delegate's kernels against stock float32, int8, int4 and int2.

    python -m benchmarks.few_bits [--rounds N] [--kernels NAME ...] [--widths WIDTH ...] [--maps BITS ...]
                                  [--layers KIND ...]
    python -m benchmarks.few_bits --draws N

Run it from the repository. Prints a Markdown table: a row for each width of weights and map, and shape of a layer; each
file is one operator with maps of int8 on both sides (float32 for the stock float and dynamic ones). All engines take
turns in one process and one thread, so that whatever else the machine does hits them alike. Shown is what a tenth of
the times of the clock lie below, in microseconds, and how many times that of a kernel of the delegate the stock int8
takes. Stock int8 is what XNNPACK's best kernel for this processor does. "Dynamic" are float layers whose weights
ai-edge-quantizer rounds, where that is installed.

With --draws it draws so many models in place of that, of single operations of all widths and of several that the
delegate joins, and compares all kernels of this processor with the reference: every output is the same.
"""

from __future__ import annotations

import argparse
import math
import tempfile
from contextlib import redirect_stdout
from dataclasses import dataclass
from importlib.util import find_spec
from io import StringIO
from itertools import product
from pathlib import Path
from time import perf_counter

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter, load_delegate

from larq_focal import delegate
from larq_focal.deploy.machine import describe_machine
from larq_focal.network import Kernel, QuantGraph, ops
from larq_focal.network.few_bits import FEW_BIT_KINDS
from larq_focal.network.tflite.flatbuffer import IDENTIFIER, read_flatbuffer
from larq_focal.network.tflite.single_operations import single_operations
from larq_focal.network.tflite.write.writer import write_lowered
from tests.delegate import blocks, few_bit_cases
from tests.delegate.engines import WithDelegate

LEVELS = {"1": [-1, 1], "ternary": [-1, 0, 1], "2": range(-2, 2), "3": range(-4, 4), "4": range(-8, 8)}
STOCK = {"int8 dynamic": 8, "int4 dynamic": 4, "int2 dynamic": 2}
LOW = 0.1
DRAWS = (
    lambda rng: few_bit_cases.draw_convolution(rng).case,
    lambda rng: few_bit_cases.draw_depthwise(rng).case,
    lambda rng: few_bit_cases.draw_dense(rng).case,
    blocks.draw_few_bit_block,
)


@dataclass(frozen=True)
class Shape:
    """A layer with as many outputs as inputs: ``side`` pixels along an image, or a dense layer of one row."""

    channels: int
    window: int = 1
    side: int = 0
    is_depthwise: bool = False

    def __str__(self) -> str:
        if not self.side:
            return f"dense {self.channels} to {self.channels}"
        channels = f"depthwise {self.channels}" if self.is_depthwise else f"{self.channels} to {self.channels}"
        return f"{self.window}x{self.window}, {self.side}x{self.side}, {channels}"

    @property
    def kind(self) -> str:
        return "dense" if not self.side else "depthwise" if self.is_depthwise else "convolution"

    @property
    def kernel(self) -> tuple[int, int, int, int]:
        """The shape of its weights."""
        return (self.window, self.window, 1 if self.is_depthwise else self.channels, self.channels)

    @property
    def weights(self) -> int:
        return math.prod(self.kernel)

    @property
    def value(self) -> tuple[int, ...]:
        return (self.side, self.side, self.channels) if self.side else (self.channels,)

    def layer(self, kernel: Kernel, source: str) -> ops.Linear:
        place = {"name": "layer", "inputs": (source,), "shape": self.value, "bias": np.ones(self.channels, np.float32)}
        if not self.side:
            return ops.Dense(
                kernel=Kernel(kernel.codes[0, 0], kernel.scale, kernel.bits, kernel.stored_scales), **place
            )
        groups = self.channels if self.is_depthwise else 1
        return ops.Conv2D(kernel=kernel, padding="same", groups=groups, **place)


SHAPES = (
    Shape(128, 3, 28),
    Shape(256, 3, 14),
    Shape(128, 1, 28),
    Shape(256, 1, 14),
    Shape(64, 3, 56, is_depthwise=True),
    Shape(128, 3, 28, is_depthwise=True),
    Shape(512, 3, 14, is_depthwise=True),
    Shape(128, 5, 28, is_depthwise=True),
    Shape(1024),
    Shape(4096),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--kernels", nargs="*", default=delegate.kernels()[:-2] or delegate.kernels()[:1])
    parser.add_argument("--widths", nargs="*", default=list(LEVELS), choices=list(LEVELS))
    parser.add_argument("--maps", nargs="*", type=int, default=[8, 4, 2], choices=range(1, 9), metavar="BITS")
    kinds = ["convolution", "depthwise", "dense"]
    parser.add_argument("--layers", nargs="*", default=kinds, choices=kinds)
    parser.add_argument("--draws", type=int, default=0)
    arguments = parser.parse_args()
    machine = describe_machine()
    print(f"{machine['cpu']}, {machine['cores']} cores, {machine['system']}, Python {machine['python']}\n")
    if arguments.draws:
        compare(arguments.draws)
        return
    has_quantizer = find_spec("ai_edge_quantizer") is not None
    stock = ["float32", "int8 static", *(STOCK if has_quantizer else ())]
    if not has_quantizer:
        print("ai-edge-quantizer is not installed: stock int8 dynamic, int4 and int2 are left out.\n")
    ours = list(arguments.kernels)
    columns = ["weights x map", "layer", *ours, *stock, *(f"int8 static / {name}" for name in ours), "bytes", "of int8"]
    print(f"| {' | '.join(columns)} |")
    print("| --- " * len(columns) + "|", flush=True)
    for shape in (shape for shape in SHAPES if shape.kind in arguments.layers):
        others = {name: interpreter(content) for name, content in stock_files(shape, has_quantizer).items()}
        for width, bits in product(arguments.widths, arguments.maps):
            content = file_of(shape, LEVELS[width], bits)
            engines = {name: interpreter(content, name) for name in ours}
            times = low_times({**engines, **others}, arguments.rounds)
            print(row(f"{width} x {bits}", shape, times, ours, stock, weight_bytes(content)), flush=True)


def row(width: str, shape: Shape, times: dict[str, float], ours: list[str], stock: list[str], stored: int) -> str:
    cells = [width, str(shape)]
    cells += [f"{1e6 * times[name]:.1f}" if name in times else "" for name in (*ours, *stock)]
    cells += [f"{times['int8 static'] / times[name]:.2f}" for name in ours]
    return f"| {' | '.join([*cells, f'{stored:,}', f'{stored / shape.weights:.3f}'])} |"


def file_of(shape: Shape, levels, map_bits: int = 8, *, packed: bool = True) -> bytes:
    """A file of one operator from int8 to int8, with weights of these levels on a map of so many bits."""
    random = np.random.default_rng(0)
    codes = random.choice(list(levels), shape.kernel).astype(np.int8)
    scale = np.full(shape.channels, 1 / np.sqrt(codes[..., 0].size) / np.abs(codes).max(), np.float32)
    given = ops.Input(name="image", shape=shape.value)
    grid = {"shape": shape.value, "scale": 0.02}
    steps = 0.02 * np.arange(2**map_bits, dtype=np.float32)
    levels_of_map = {"levels": steps, "boundaries": steps[1:] - np.float32(0.01)}
    quantized = ops.Quantize(name="levels", inputs=("image",), shape=shape.value, **levels_of_map)
    rounded = ops.UniformQuantize(name="map", inputs=("levels",), zero_point=-128, **grid)
    layer = shape.layer(Kernel(codes, scale, 8, shape.channels), "map")
    result = ops.UniformQuantize(name="result", inputs=("layer",), **grid)
    content = write_lowered(QuantGraph("layer", [given, quantized, rounded, layer, result], ["result"]), packed=packed)
    model = read_flatbuffer(content)
    kinds = *FEW_BIT_KINDS, "CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"
    return next(file for file, kind in zip(single_operations(model), model.operations, strict=True) if kind in kinds)


def stock_files(shape: Shape, has_quantizer: bool) -> dict[str, bytes]:
    random = np.random.default_rng(0)
    weights = random.normal(size=shape.kernel).astype(np.float32)
    given = ops.Input(name="image", shape=shape.value)
    kernel = Kernel(weights, None, 32)
    graph = QuantGraph("layer", [given, shape.layer(kernel, "image")], ["layer"])
    files = {"float32": write_lowered(graph), "int8 static": file_of(shape, range(-127, 128), packed=False)}
    if has_quantizer:
        for name, bits in STOCK.items():
            try:
                files[name] = rounded_by_quantizer(files["float32"], bits)
            except (RuntimeError, ValueError) as error:
                print(f"\n{name}, {shape}: {error}\n")
    return files


def rounded_by_quantizer(content: bytes, bits: int) -> bytes:
    from ai_edge_quantizer import qtyping, quantizer, recipe_manager

    manager = recipe_manager.RecipeManager()
    manager.add_dynamic_config(".*", qtyping.TFLOperationName.ALL_SUPPORTED, num_bits=bits)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "float.tflite"
        path.write_bytes(named(content))
        with redirect_stdout(StringIO()):  # it prints what it does
            result = quantizer.Quantizer(str(path), manager.get_quantization_recipe()).quantize()
        return bytes(result.quantized_model)


def named(content: bytes) -> bytes:
    """With a name for each tensor, which ai-edge-quantizer asks for."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content))
    for index, tensor in enumerate(model.subgraphs[0].tensors):
        tensor.name = tensor.name or f"constant_{index}"
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), IDENTIFIER)
    return bytes(builder.Output())


def weight_bytes(content: bytes) -> int:
    return read_flatbuffer(content).operators[0].inputs[1].nbytes


def interpreter(content: bytes, kernel: str | None = None) -> Interpreter:
    (operator,) = read_flatbuffer(content).operators
    lowest, bits = operator.options.get("image_lowest", -128), operator.options.get("image_bits", 8)
    delegates = [] if kernel is None else [load_delegate(str(delegate.library_path()), {"kernel": kernel})]
    made = Interpreter(model_content=content, num_threads=1, experimental_delegates=delegates)
    made.allocate_tensors()
    made.kept = delegates  # an interpreter does not keep the delegates that it was given
    for detail in made.get_input_details():
        random = np.random.default_rng(1)
        is_float = detail["dtype"] == np.float32
        values = (
            random.normal(size=detail["shape"])
            if is_float
            else random.integers(lowest, lowest + 2**bits, detail["shape"])
        )
        made.set_tensor(detail["index"], values.astype(detail["dtype"]))
    return made


def low_times(engines: dict[str, Interpreter], rounds: int) -> dict[str, float]:
    """Seconds of a call, by the name of the engine: a low part of all rounds, in which all take turns."""
    times: dict[str, list[float]] = {name: [] for name in engines}
    for number in range(rounds + 3):  # the first ones warm up
        for name, engine in engines.items():
            begin = perf_counter()
            engine.invoke()
            if number >= 3:
                times[name].append(perf_counter() - begin)
    return {name: float(np.quantile(seconds, LOW)) for name, seconds in times.items()}


def compare(draws: int) -> None:
    """Draws operations, and compares all kernels with the reference."""
    others = [name for name in delegate.kernels() if name != "reference"]
    for seed in range(draws):
        case = DRAWS[seed % len(DRAWS)](np.random.default_rng(seed))
        expected = WithDelegate(case.content, kernel="reference", xnnpack=False).run(*case.inputs)
        for kernel in others:
            outputs = WithDelegate(case.content, kernel=kernel, xnnpack=False).run(*case.inputs)
            for output, wanted in zip(outputs, expected, strict=True):
                np.testing.assert_array_equal(output, wanted, err_msg=f"{kernel}: seed {seed}, {case.text}")
        if (seed + 1) % 1000 == 0 or seed + 1 == draws:
            print(f"{seed + 1:,} models are the same by {', '.join(others)} and by reference.", flush=True)


if __name__ == "__main__":
    main()
