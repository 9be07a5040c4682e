"""Puts the weights of a finished training among the pretrained ones that the package holds.

    python -m tools.publish_weights results/zoo/lenet_sign-mnist

Copies weights and record to zoo/pretrained and renews the manifest there. It refuses a file of 4 MB or more, and a
folder that would reach 20 MB.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from larq_focal.bench.records.parts import describe_file
from larq_focal.bench.records.record_file import read_record, write_record
from larq_focal.files import write_text

PRETRAINED = Path(__file__).parents[1] / "zoo" / "pretrained"
_FILE_BYTES, _FOLDER_BYTES = 4_000_000, 20_000_000


def publish(training: Path, pretrained: Path = PRETRAINED) -> str:
    """Copies a finished training's weights and record, and returns the name of the weights."""
    record = read_record(training / "record.json")
    name = record["run"]
    weights = training / "weights.npz"
    others = sum(path.stat().st_size for path in pretrained.glob("*.npz") if path.stem != name)
    size = weights.stat().st_size
    if size >= _FILE_BYTES or others + size >= _FOLDER_BYTES:
        raise ValueError(f"'{weights}' has {size:,} bytes, the other weights {others:,}: too much for the repository.")
    shutil.copyfile(weights, pretrained / f"{name}.npz")
    if record["fit"]:
        record["fit"].pop("program", None)  # half a megabyte, and the model gives it again
    write_record(record, pretrained / f"{name}.json")
    path = pretrained / "manifest.json"
    rows = [row for row in json.loads(path.read_text()) if row["name"] != f"{name}.npz"]
    rows.append(describe_file(pretrained / f"{name}.npz"))
    write_text(path, json.dumps(sorted(rows, key=lambda row: row["name"]), indent=1) + "\n")
    return name


if __name__ == "__main__":
    for folder in sys.argv[1:]:
        print(publish(Path(folder)))
