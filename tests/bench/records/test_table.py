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


def test_what_is_missing_is_a_dash_and_bars_stay_in_their_cell():
    row = markdown_table([fake_record(timing=None, fit=None, title="a|b")]).splitlines()[-1]
    assert cells(row)[-2:] == ["-", "-"]
    assert r"a\|b" in row
