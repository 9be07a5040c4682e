"""What a run record holds: one JSON file for each run of a benchmark or a recipe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

FORMAT = "larq_focal.run/1"
Record = dict[str, Any]


@dataclass(frozen=True)
class OrNone:
    """Marks a part of a record that may be null."""

    schema: Any


NUMBER = (int, float)
TEXT_OR_NONE = OrNone(str)

# A type is what a value must be, a dict the keys it must have (others may be there), a list what each item must be.
_AUDIT = {
    "file_bytes": int,
    "expected_bytes": int,
    "passed": bool,
    "layers": [
        {
            "layer": str,
            "kind": str,
            "intended": str,
            "became": str,
            "bytes": int,
            "expected_bytes": int,
            "reason": str,
            "fix": str,
        }
    ],
    "findings": [{"fault": str, "severity": str, "layer": str, "message": str, "fix": str}],
}
_NEED = {"needed": OrNone(int), "nominal": int, "usable": int}
_FIT = {
    "sensor": str,
    "registers": str,
    "verdict": str,
    "smallest_change": TEXT_OR_NONE,
    "icw": OrNone(int),
    "latency_lower_bound_us": OrNone(NUMBER),
    "layers": [
        {
            "name": str,
            "verdict": str,
            "digital": _NEED,
            "analog": _NEED,
            "registers": [{"register": str, "role": str, "kind": str}],
            "icw": OrNone(int),
            "latency_lower_bound_us": OrNone(NUMBER),
            "notes": [str],
        }
    ],
    "notes": [str],
    "unknown": [str],
}
# Parts of newer records, which older ones do not have.
ESTIMATES = [
    {
        "kind": str,
        "source": str,
        "latency_us": OrNone(NUMBER),
        "frames_per_second": OrNone(NUMBER),
        "chip_energy_uj": OrNone(NUMBER),
        "system_energy_uj": OrNone(NUMBER),
        "left_out": [str],
    }
]
CALIBRATION = {"images": int}
NOT_MADE = [{"run": str, "title": str, "reason": str}]
EQUAL_TO = {"filters": [int], "run": str, "title": str, "quantity": str, "ratio": NUMBER}
MISTAKES = [{"index": int, "truth": int, "predicted": int, "probability": NUMBER, "shape": [int], "data": str}]
KERAS = {"name": str, "version": str, "backend": str}
REDUCTION = {"bits_read": int, "raw_bits": int, "raw_pixel_bits": int}
PROGRAM = {
    "store_icw": int,
    "store_limit_icw": OrNone(int),
    "total_icw": int,
    "icw": dict,
    "instructions": dict,
    "calls": {"kernel_launch": int},
    "usable_digital": int,
    "usable_analog": int,
    "live_ranges": {
        "steps": int,
        "steps_per_part": int,
        "counts": {"digital": [int], "analog": [int]},
        "peak_digital": int,
        "peak_analog": int,
        "registers": [{"register": str, "kind": str, "ranges": [[int]]}],
    },
    "maps": [{"name": str, "kind": str, "height": int, "width": int, "pitch": [int], "places": [[int]]}],
    "exactness": [{"reference": str, "compared": int, "mismatching": int, "is_exact": bool}],
    "estimates": ESTIMATES,
    "stepping": {
        "region": [int],
        "height": int,
        "width": int,
        "registers": [{"name": str, "kind": str}],
        "texts": [str],
        "step_count": int,
        "left_out": int,
        "steps": str,
        "data": str,
    },
}
MICROCONTROLLER = {
    "microcontroller": str,
    "flash_bytes": OrNone(int),
    "ram_bytes": OrNone(int),
    "instructions": OrNone(int),
    "clock_hz": OrNone(NUMBER),
    "cycles_per_instruction": NUMBER,
    "power_mw": OrNone(NUMBER),
    "estimated_latency_ms": OrNone(NUMBER),
    "estimated_energy_uj": OrNone(NUMBER),
    "notes": [str],
}
_TIMING = {
    "engine": str,
    "threads": int,
    "min_ms": NUMBER,
    "median_ms": NUMBER,
    "p90_ms": NUMBER,
    "machine": dict,
    "notes": [str],
}
# Parts of newer timings.
PERCENTILES = {"p99_ms": NUMBER, "first_ms": NUMBER}
MEMORY = {"preparation_bytes": int, "inference_bytes": int}
SCHEMA = {
    "format": str,
    "run": str,
    "title": str,
    "dataset": {"name": str, "title": str, "train": int, "test": int, "classes": [str], "source": str},
    "settings": {"seed": OrNone(int)},
    "environment": {"versions": dict, "machine": dict, "git": TEXT_OR_NONE, "started": str, "seconds": NUMBER},
    "history": [{"epoch": int, "loss": OrNone(NUMBER), "val_accuracy": OrNone(NUMBER)}],
    "keras_accuracy": NUMBER,
    "accuracy": {"correct": int, "total": int, "value": NUMBER, "low": NUMBER, "high": NUMBER},
    "confusion": [[int]],
    "agreement": OrNone({"samples": int, "same_class": int, "max_abs_difference": NUMBER}),
    "file": {"name": str, "bytes": int, "sha256": str},
    "audit": _AUDIT,
    "cost": {"totals": {"parameter_bytes": int, "float32_bytes": int, "ace": int, "peak_activation_bytes": int}},
    "timing": OrNone(_TIMING),
    "fit": OrNone(_FIT),
}
