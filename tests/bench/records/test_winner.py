"""The sentence on who wins at equal accuracy names the smallest and the fastest, whoever they are."""

from __future__ import annotations

from larq_focal.bench.records.not_made import not_made, note_not_made
from larq_focal.bench.records.record_file import read_record, write_record
from larq_focal.bench.records.table import markdown_table
from larq_focal.bench.records.winner import winner_text
from tests.support.records import fake_record


def record(run, correct, size, median_ms, cpu="A", title=None):
    made = fake_record(run)
    value = correct / 1000
    made["accuracy"] = {"correct": correct, "total": 1000, "value": value, "low": value - 0.01, "high": value + 0.01}
    made["file"]["bytes"] = size
    made["timing"] |= {"min_ms": 0.9 * median_ms, "median_ms": median_ms, "p90_ms": 1.2 * median_ms}
    made["timing"] |= {"machine": {"cpu": cpu}}
    made["title"] = title or made["title"]
    return made


def test_a_binary_network_that_wins_both():
    records = [record("ste_sign", 960, 4096, 0.01), record("full_precision", 965, 40960, 0.02)]
    assert winner_text(records) == (
        "At the accuracy of the best binary network, STE sign (96.0%), its own file is the smallest (4.00 KiB), and it "
        "is the fastest (10.0 µs)."
    )


def test_one_that_is_not_binary_wins():
    records = [
        record("ste_sign", 960, 8192, 0.02),
        record("int8", 955, 4096, 0.01, title="int8 of equal bytes"),
        record("full_precision", 930, 1024, 0.001),
    ]
    assert winner_text(records) == (
        "At the accuracy of the best binary network, STE sign (96.0%), the file of int8 of equal bytes (95.5%, not "
        "binary) is the smallest (4.00 KiB against 8.00 KiB), and int8 of equal bytes (95.5%, not binary) is the "
        "fastest (10.0 µs against 20.0 µs); 1 of 3 runs is less accurate."
    )


def test_times_that_overlap_are_a_tie():
    records = [record("ste_sign", 960, 4096, 0.02), record("full_precision", 965, 40960, 0.018)]
    assert winner_text(records).endswith(
        "Full precision (96.5%, not binary) is the fastest (18.0 µs against 20.0 µs), a tie, as their times overlap."
    )


def test_times_of_another_machine_do_not_count():
    records = [record("ste_sign", 960, 8192, 0.02), record("full_precision", 965, 40960, 0.001, cpu="B")]
    assert "it is the fastest (20.0 µs)" in winner_text(records)
    assert "fastest" not in winner_text([each | {"timing": None} for each in records])


def test_without_rivals_there_is_nothing_to_say():
    assert winner_text([fake_record("lab"), fake_record("gumbel")]) is None
    assert winner_text([fake_record("full_precision"), fake_record("int8")]) is None


def test_what_could_not_be_made_is_told_until_it_is_made(tmp_path):
    write_record(fake_record("full_precision"), tmp_path / "full_precision.json")
    for reason in ("first", "not installed (pip install x)"):
        note_not_made(tmp_path, "full_precision", "int8", "int8 (stock)", reason)
    record = read_record(tmp_path / "full_precision.json")
    (found,) = not_made([record])
    assert found == {"run": "int8", "title": "int8 (stock)", "reason": "not installed (pip install x)"}
    assert markdown_table([record]).endswith("int8 (stock): not made, not installed (pip install x)")
    assert not_made([record, fake_record("int8")]) == []
