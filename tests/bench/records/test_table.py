"""The Markdown table of all runs."""

from larq_focal.report import markdown_table
from tests.support.records import fake_record, six_runs


def cells(line):
    return [cell.strip() for cell in line.strip("|").split(" | ")]


def test_one_row_per_run_of_one_width():
    heading, rule, *rows = markdown_table(six_runs()).splitlines()
    assert len(rows) == 6
    assert {len(line) for line in (heading, rule, *rows)} == {len(heading)}
    assert cells(rows[2])[0] == "STE sign"
    assert cells(rows[2])[2] == "3.93 KiB"
    assert cells(rows[2])[-1] == "fit"


def test_a_microcontroller_is_told_beside_the_latency():
    heading, _, row = markdown_table([fake_record()]).splitlines()
    assert cells(heading)[-3:] == ["median latency", "microcontroller", "registers"]
    estimates = "time 19.4 ms (estimate), energy 232 µJ (estimate)"
    assert cells(row)[-2] == f"cortex-m4: flash 7.93 KiB, RAM 2.00 KiB, instructions 1.55 M, {estimates}"


def test_what_is_missing_is_a_dash_and_bars_stay_in_their_cell():
    row = markdown_table([fake_record(timing=None, fit=None, microcontroller=None, title="a|b")]).splitlines()[-1]
    assert cells(row)[-3:] == ["-", "-", "-"]
    assert r"a\|b" in row
