"""The delegate on aarch64, under emulation: the wheel that ``make wheels`` builds, against LCE on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from pathlib import Path

import larq as lq
import larq_zoo as lqz
import numpy as np
import pytest

from larq_focal import Runtime
from larq_focal.delegate.sources import kernel_rows
from larq_focal.keras import keras
from tests.delegate import blocks, cases, few_bit_cases
from tests.delegate.engines import WithDelegate, assert_same, lce_outputs
from tests.support.emulation import emulated_python
from tests.support.lce import converted, randomise_batch_norms
from tools.arm64_python import Arm64Python
from tools.wheels import REPOSITORY, build_wheel

pytestmark = pytest.mark.slow

KERNELS = [row.name for row in kernel_rows() if row.architecture in (None, "aarch64")]
DRAWN = {
    cases.draw_convolution: 60,
    cases.draw_few_channels: 40,
    cases.draw_quantize: 20,
    cases.draw_dequantize: 10,
    cases.draw_max_pool: 10,
    cases.draw_residual_block: 20,
    blocks.draw_dense_block: 15,
    blocks.draw_gated_block: 15,
}


@dataclass(frozen=True)
class Installed:
    """larq_focal's wheel in the emulated Python."""

    python: Arm64Python
    wheel: Path
    site: Path

    def run(self, *arguments: str | Path, **settings) -> str:
        return self.python.run(*arguments, packages=[self.site, REPOSITORY], **settings)

    def kernels(self, processor: str) -> tuple[str, ...]:
        script = "from larq_focal import delegate; print(*delegate.kernels())"
        return tuple(self.run("-c", script, processor=processor).split())

    def outputs(self, drawn: dict[str, cases.Case], folder: Path) -> dict[str, np.ndarray]:
        """Those of all cases with all kernels, as "<kernel>/<case>/output<i>"."""
        arrays = {}
        for name, case in drawn.items():
            arrays[f"{name}/model"] = np.frombuffer(case.content, np.uint8)
            arrays |= {f"{name}/input{i}": array for i, array in enumerate(case.inputs)}
        np.savez(folder / "inputs.npz", **arrays)
        self.run("-m", "tests.delegate.emulated", folder / "inputs.npz", folder / "outputs.npz")
        return dict(np.load(folder / "outputs.npz"))


@pytest.fixture(scope="module")
def arm64(tmp_path_factory) -> Installed:
    python = emulated_python()
    wheel = build_wheel("aarch64", tmp_path_factory.mktemp("wheels"))
    site = tmp_path_factory.mktemp("site")
    python.install(wheel, site)
    return Installed(python, wheel, site)


def assert_like_lce(arm64: Installed, drawn: dict[str, cases.Case], folder: Path) -> None:
    outputs = arm64.outputs(drawn, folder)
    for name, case in drawn.items():
        expected = lce_outputs(case.content, *case.inputs)
        for kernel in KERNELS:
            computed = [outputs[f"{kernel}/{name}/output{i}"] for i in range(len(expected))]
            assert_same(computed, expected, f"{kernel}: {name}, {case.text}")


def test_operations_equal_those_of_lce(arm64, tmp_path):
    drawn = {
        f"{draw.__name__} {seed}": draw(np.random.default_rng(1000 + seed))
        for draw, count in DRAWN.items()
        for seed in range(count)
    }
    assert_like_lce(arm64, drawn, tmp_path)


def test_operations_of_few_bits_are_the_same_on_every_processor(arm64, tmp_path):
    """As this machine's reference computes them, bit for bit."""
    draws = few_bit_cases.draw_convolution, few_bit_cases.draw_depthwise, few_bit_cases.draw_dense
    drawn = {f"{draw.__name__} {seed}": draw(np.random.default_rng(seed)).case for draw in draws for seed in range(40)}
    drawn |= {f"block {seed}": blocks.draw_few_bit_block(np.random.default_rng(seed)) for seed in range(20)}
    outputs = arm64.outputs(drawn, tmp_path)
    for name, case in drawn.items():
        expected = WithDelegate(case.content, kernel="reference", xnnpack=False).run(*case.inputs)
        for kernel, (index, wanted) in product(KERNELS, enumerate(expected)):
            output = outputs[f"{kernel}/{name}/output{index}"]
            np.testing.assert_array_equal(output, wanted, err_msg=f"{kernel}: {case.text}")


def test_edges_of_the_number_ranges(arm64, tmp_path):
    """Only values below zero pack as -1, and counts go beyond the bytes and 16-bit sums of a vector."""
    rng = np.random.default_rng(0)
    smallest = np.finfo(np.float32).smallest_subnormal
    values = np.array([[-0.0, smallest, -smallest, np.nan, -np.inf] * 27], np.float32)
    image = cases.signs(rng, (1, 7, 7, 1352))
    filters = np.concatenate([-image, cases.signs(rng, (17, 7, 7, 1352))])
    drawn = {
        "signs": cases.Case("around zero", cases.quantize_file(values.shape), (values,)),
        "sums": cases.Case("66,248 products", cases.convolution_file(image.shape, filters), (image,)),
    }
    outputs = arm64.outputs(drawn, tmp_path)
    for kernel in KERNELS:
        words = outputs[f"{kernel}/signs/output0"].view(np.uint8)
        bits = np.unpackbits(words, bitorder="little")[: values.size]
        np.testing.assert_array_equal(bits, (values < 0)[0], err_msg=kernel)
        sums = outputs[f"{kernel}/sums/output0"][0, 3, 3]
        np.testing.assert_array_equal(sums, (image * filters).sum((1, 2, 3)), err_msg=kernel)


@pytest.mark.filterwarnings(
    "ignore:The `keras.initializers.serialize",  # QuickNet's initializer is a function,
    "ignore:Saved-model conversion failed",  # which keeps it from being saved
)
def test_quicknet_small_equals_that_of_lce(arm64, tmp_path):
    keras.utils.set_random_seed(0)
    model = lqz.sota.QuickNetSmall(weights=None, input_shape=(224, 224, 3))
    randomise_batch_norms(model)
    content = converted(keras.Model(model.inputs, model.layers[-2].output))
    image = np.random.default_rng(0).normal(size=(1, 224, 224, 3)).astype(np.float32)
    assert lce_outputs(content, image)[0].std() > 0.1, "the outputs tell nothing"
    assert_like_lce(arm64, {"QuickNetSmall": cases.Case("224 by 224", content, (image,))}, tmp_path)


def test_the_runtime_of_the_wheel_runs_a_converted_model(arm64, tmp_path):
    """On a Cortex-A53, which has none of the later instructions."""
    binary = {"input_quantizer": "ste_sign", "kernel_quantizer": "ste_sign", "pad_values": 1, "padding": "same"}
    model = keras.Sequential(
        [
            keras.Input((8, 8, 32)),
            lq.layers.QuantConv2D(40, 3, use_bias=False, **binary),
            keras.layers.BatchNormalization(),
            lq.layers.QuantConv2D(16, 3, use_bias=False, **binary),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(10),
        ]
    )
    randomise_batch_norms(model)
    content = converted(model)
    (tmp_path / "model.tflite").write_bytes(content)
    images = np.random.default_rng(0).normal(size=(3, 8, 8, 32)).astype(np.float32)
    np.save(tmp_path / "images.npy", images)
    script = (
        "import numpy, sys; from larq_focal import Runtime; runtime = Runtime(sys.argv[1]);"
        "numpy.save(sys.argv[3], runtime.run(numpy.load(sys.argv[2]))); print(runtime.engine)"
    )
    files = [tmp_path / name for name in ("model.tflite", "images.npy", "outputs.npy")]
    assert arm64.run("-c", script, *files, processor="cortex-a53").strip() == "delegate"
    expected = Runtime(content, engine="lce").run(images)
    np.testing.assert_allclose(np.load(files[-1]), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("processor", "best"),
    [("cortex-a53", "neon"), ("cortex-a72", "neon"), ("cortex-a76", "neon_dot"), ("max", "neon_dot")],
)
def test_the_processor_decides_which_kernel_is_best(arm64, processor, best):
    assert arm64.kernels(processor)[0] == best


def test_the_wheel_names_the_systems_that_it_fits(arm64):
    """manylinux_2_<minor>: at most the C library and libstdc++ of Debian 12 and Raspberry Pi OS 12."""
    platform = arm64.wheel.stem.split("-")[-1]
    assert platform.startswith("manylinux_2_") and platform.endswith("_aarch64")
    assert int(platform.split("_")[2]) <= 36
