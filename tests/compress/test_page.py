"""The page shows what the record holds."""

from __future__ import annotations

import json

import pytest

from tests.support.processes import ROOT

PAGE = (ROOT / "docs" / "compress.md").read_text(encoding="utf-8")
RECORD = json.loads((ROOT / "docs" / "data" / "compress.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("network", RECORD)
def test_the_table_of_bits_is_that_of_the_record(network):
    rows = {(row["method"], row["bits"]): row for row in RECORD[network]["rows"]}
    assert f"| float | {rows['float', 32]['accuracy']:.2%} | | {rows['float', 32]['bytes']:,} |" in PAGE
    for bits in (8, 6, 4, 3, 2):
        best, largest = (rows[method, bits] for method in ("least squares", "largest weight"))
        line = f"| {bits} | {best['accuracy']:.2%} | {largest['accuracy']:.2%} | {best['bytes']:,} |"
        assert line in PAGE, line


def test_the_table_of_tools_is_that_of_the_record():
    rows = {(row["method"], row["bits"]): row for row in RECORD["two_layer-mnist"]["rows"]}
    shown = {
        "two kernels for the classifier": "two kernels for the worst layer",
        "trained on, 20,000 images once": "least squares, trained on",
    }
    for title, method in shown.items():
        for (other, bits), row in rows.items():
            if other == method:
                assert f"| {title} | {bits} | {row['accuracy']:.2%} | {row['bytes']:,} |" in PAGE
