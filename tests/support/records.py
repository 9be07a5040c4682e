"""Made-up run records with plausible figures: no network was trained for them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from larq_focal.bench.records.mistakes import mistakes_of
from larq_focal.bench.records.schema import FORMAT, Record

NASTY = '</script><b onmouseover="alert(1)">\'&amp;'
SPEC = {  # title, accuracy in %, parameter bytes, ACE in 1e6, median latency in ms, binary?
    "full_precision": ("Full precision", 98.6, 33_400, 1_480.0, 0.214, False),
    "int8": ("int8 (TF-MOT)", 98.4, 9_180, 92.6, 0.152, False),
    "ste_sign": ("STE sign", 95.6, 4_020, 12.4, 0.093, True),
    "hysteresis": ("Hysteresis sign", 96.3, 4_020, 12.4, 0.094, True),
    "gumbel": ("Gumbel sign", 94.8, 4_020, 12.4, 0.093, True),
    "lab": ("Learnable activation binarizer", 97.2, 4_410, 14.9, 0.118, True),
}
TEST_IMAGES = 540


def six_runs() -> list[Record]:
    """One record for each run of the bench; the full-precision run was not judged for its register fit."""
    return [fake_record(run) for run in SPEC]


def fake_record(run: str = "ste_sign", *, epochs: int = 12, classes: int = 10, **changes: Any) -> Record:
    """A whole record of the made-up run ``run``; ``changes`` replace its top-level parts."""
    title, accuracy, parameter_bytes, ace, latency, is_binary = SPEC[run]
    rng = np.random.default_rng(sum(map(ord, run)))
    confusion = _confusion(rng, accuracy / 100, classes)
    correct = int(np.trace(confusion))
    record = {
        "format": FORMAT,
        "run": run,
        "title": title,
        "dataset": {
            "name": "made-up",
            "title": "Made-up digits (test data)",
            "train": 1257,
            "test": TEST_IMAGES,
            "classes": [str(digit) for digit in range(classes)],
            "source": "tests/support/records.py",
        },
        "settings": {"seed": 1, "epochs": epochs, "batch_size": 64, "learning_rate": 0.01},
        "environment": {
            "versions": {"larq_focal": "0.1.0", "tensorflow": "2.19.1", "larq": "0.14.0", "numpy": "1.26.4"},
            "machine": _machine(),
            "git": "0123456789abcdef0123456789abcdef01234567",
            "started": "2030-01-02T03:04:05+00:00",
            "seconds": 21.5 + len(run),
        },
        "history": _history(rng, accuracy / 100, epochs),
        "keras_accuracy": correct / TEST_IMAGES,
        "accuracy": _wilson(correct, TEST_IMAGES),
        "confusion": confusion.tolist(),
        "mistakes": _mistakes(rng, classes, (8, 8, 1)),
        "agreement": _agreement(run),
        "file": {"name": f"{run}.tflite", "bytes": int(parameter_bytes * 1.1) + 4_300, "sha256": "ab" * 32},
        "audit": _audit(run, parameter_bytes, is_binary),
        "cost": {"network": run, "layers": [], "totals": _cost(parameter_bytes, ace, is_binary)},
        "timing": _timing(run, latency),
        "microcontroller": _microcontroller(parameter_bytes, ace),
        "fit": None if run == "full_precision" else _fit(run),
    }
    return {**record, **changes}


def _confusion(rng: np.random.Generator, accuracy: float, classes: int) -> np.ndarray:
    confusion = np.zeros((classes, classes), int)
    for truth, count in enumerate(np.full(classes, TEST_IMAGES // classes)):
        wrong = rng.binomial(count, 1 - accuracy)
        confusion[truth, truth] = count - wrong
        for guess in rng.choice([c for c in range(classes) if c != truth], wrong):
            confusion[truth, guess] += 1
    return confusion


def _mistakes(rng: np.random.Generator, classes: int, shape: tuple[int, ...]) -> list[Record]:
    samples = rng.integers(0, 256, (30, *shape), dtype=np.uint8)
    return mistakes_of(rng.normal(size=(30, classes)), samples, rng.integers(0, classes, 30))


def signal_mistakes(classes: int = 10) -> list[Record]:
    """The mistakes of a made-up network for signals of three channels."""
    return _mistakes(np.random.default_rng(5), classes, (100, 3))


def _wilson(correct: int, total: int, z: float = 1.959964) -> Record:
    share = correct / total
    middle = (share + z * z / (2 * total)) / (1 + z * z / total)
    half = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total**2)) / (1 + z * z / total)
    return {"correct": correct, "total": total, "value": share, "low": middle - half, "high": middle + half}


def _history(rng: np.random.Generator, accuracy: float, epochs: int) -> list[Record]:
    progress = 1 - np.exp(-np.arange(1, epochs + 1) / 2.5)
    noise = rng.normal(0, 0.006, epochs) * (1.2 - progress)
    return [
        {
            "epoch": epoch + 1,
            "loss": float(2.3 * (1 - progress[epoch]) + 0.03 + 0.6 * (1 - accuracy) + abs(noise[epoch])),
            "accuracy": float(accuracy * progress[epoch] ** 0.35),
            "val_accuracy": float(accuracy * progress[epoch] ** 0.4 + noise[epoch]),
            "seconds": 1.5,
        }
        for epoch in range(epochs)
    ]


def _agreement(run: str) -> Record:
    difference = 0.21 if run == "int8" else 3.1e-6
    same = TEST_IMAGES - 1 if run == "int8" else TEST_IMAGES
    return {"samples": TEST_IMAGES, "same_class": same, "max_abs_difference": difference, "max_abs_output": 14.2}


def _cost(parameter_bytes: int, ace: float, is_binary: bool) -> Record:
    return {
        "weights": 8_300,
        "parameter_bytes": parameter_bytes,
        "float32_bytes": 33_400,
        "parameter_bytes_by_bits": {"1": 576, "32": parameter_bytes - 576},
        "macs_by_bits": {"32x32": 20_000, "1x1": 294_912} if is_binary else {"32x32": 314_912},
        "macs": 314_912,
        "ace": int(ace * 1e6),
        "peak_activation_bytes": 9_216 if is_binary else 12_288,
        "other_ops": {"add": 3_000, "multiply": 3_000, "compare": 2_000},
    }


def _audit_layer(layer: str, intended: str, became: str, weights: int, reason: str = "", fix: str = "") -> Record:
    bits = {"packed": 1, "int8": 8, "float": 32}
    expected = weights * (1 if intended == "binary" else bits[became]) // 8
    return {
        "layer": layer,
        "kind": "Dense" if "dense" in layer else "Conv2D",
        "intended": intended,
        "became": became,
        "operation": "LceBconv2d" if became == "packed" else "CONV_2D",
        "weights": weights,
        "bytes": weights * bits[became] // 8,
        "expected_bytes": expected,
        "reason": reason,
        "fix": fix,
    }


def _audit(run: str, parameter_bytes: int, is_binary: bool) -> Record:
    float_form = "int8" if run == "int8" else "float"
    fell_back = run == "gumbel"
    reason = "its padding pixels are 0, which is neither +1 nor -1" if fell_back else ""
    fix = "Give the layer pad_values=1." if fell_back else ""
    second = ("binary", "float" if fell_back else "packed") if is_binary else (float_form, float_form)
    finding = {"fault": "zero-padding", "severity": "warning", "layer": "conv2", "message": reason, "fix": fix}
    return {
        "network": run,
        "file_bytes": int(parameter_bytes * 1.1) + 4_300,
        "expected_bytes": int(parameter_bytes * 1.1) + 3_900,
        "passed": not fell_back,
        "layers": [
            _audit_layer("conv1", "float", float_form, 144),
            _audit_layer("conv2", *second, 4_608, reason, fix),
            _audit_layer("dense", "float", float_form, 5_120),
        ],
        "agreement": _agreement(run),
        "findings": [finding] if fell_back else [],
    }


def _timing(run: str, latency: float) -> Record:
    return {
        "model": f"{run}.tflite",
        "engine": "litert" if run in ("full_precision", "int8") else "lce",
        "threads": 1,
        "runs": 200,
        "warmup": 20,
        "min_ms": latency * 0.94,
        "median_ms": latency,
        "p90_ms": latency * 1.16,
        "machine": _machine(),
        "versions": {"ai-edge-litert": "2.3.0", "larq-compute-engine": "0.16.0"},
        "notes": ["the clock may vary (made up)"] if run == "lab" else [],
    }


def _microcontroller(parameter_bytes: int, ace: float) -> Record:
    return {
        "network": "made up",
        "microcontroller": "cortex-m4",
        "flash_bytes": parameter_bytes + 4_096,
        "ram_bytes": 2_048,
        "instructions": int(1e6 * ace / 8),
        "clock_hz": 80e6,
        "cycles_per_instruction": 1.0,
        "power_mw": 12.0,
        "notes": [],
        "estimated_latency_ms": ace / 8 / 80 * 1e3,
        "estimated_energy_uj": 12 * ace / 8 / 80 * 1e3,
    }


def _machine() -> Record:
    return {
        "cpu": "Imaginary CPU @ 1.0 GHz",
        "architecture": "aarch64",
        "cores": 4,
        "memory_gib": 7.6,
        "system": "Linux 6.6",
        "python": "3.11.7",
        "board": None,
        "governor": "performance",
        "temperature_c": None,
    }


def _fit(run: str) -> Record:
    verdict = {"lab": "NO FIT", "int8": "NO FIT", "gumbel": "FIT WITH SPILL"}.get(run, "FIT")
    second = f"network/{run}/quant_norm_2/FusedBatchNormV3;network/{run}/quant_conv_2/Conv2D"  # as flatbuffers name
    layers = [_fit_layer("conv1", "FIT", 9, 4), _fit_layer(second, verdict, 144, 8), _controller_layer()]
    changes = [f"{second}: groups=2 (fan-in 72)", f"{second}: a 2x2 kernel (fan-in 64)"] * (verdict == "NO FIT")
    return {
        "network": run,
        "sensor": "scamp5",
        "registers": "SCAMP-5: 12 digital and 6 analog registers nominal; usable 7 digital, +1 (R12), and 6 analog",
        "verdict": verdict,
        "smallest_change": changes[0] if changes else None,
        "changes": changes,
        "icw": sum(layer["icw"] or 0 for layer in layers),
        "latency_lower_bound_us": 673.4,
        "layers": layers,
        "notes": ["weights on the array: 4,752 bits, 1.0% of the free planes"],
        "unknown": ["time of load_pattern: made up", "assumed: one clock cycle per instruction word"],
    }


def _fit_layer(name: str, verdict: str, fan_in: int, counter_bits: int) -> Record:
    counter = [f"counter bit {bit}" for bit in range(counter_bits)]
    spilled = counter[7:] if verdict == "FIT WITH SPILL" else []
    roles = {"R0": "kept at one", **dict.fromkeys(("R1", "R2", "R3", "R4"), "shift direction, then temporary")}
    roles |= {"FLAG": "mask of shifts", "R5": "shifting input"}
    names = [*(f"R{number}" for number in range(6, 13)), "(missing)"]
    digital = [*roles.items(), *zip(names, counter[: len(counter) - len(spilled)], strict=False)]
    analog = list(zip("ABCDEF", (f"spilled {role}" for role in spilled), strict=False))
    return {
        "name": name,
        "verdict": verdict,
        "fan_in": fan_in,
        "weight_bits": 1,
        "weight_planes": 1,
        "placement": "16 channels in blocks of 4x4 pixels",
        "weights_from": "patterns of the controller",
        "digital": {"needed": len(digital) - 2, "nominal": 12, "usable": 8},
        "analog": {"needed": len(analog), "nominal": 6, "usable": 6},
        "registers": [
            {"register": register, "role": role, "kind": kind}
            for kind, registers in (("digital", digital), ("analog", analog))
            for register, role in registers
        ],
        "icw": 45 * fan_in,
        "latency_lower_bound_us": 4.5 * fan_in,
        "notes": [f"the counter of {fan_in} inputs needs {counter_bits} bits"],
    }


def _controller_layer() -> Record:
    nothing = {"needed": 0, "nominal": 12, "usable": 8}
    return {
        **_fit_layer("dense", "FIT", 512, 0),
        "placement": "controller",
        "weights_from": None,
        "digital": nothing,
        "analog": {**nothing, "nominal": 6, "usable": 6},
        "registers": [],
        "icw": None,
        "latency_lower_bound_us": None,
        "notes": ["runs on the controller"],
    }
