"""The words for parts of a record."""

import pytest

from larq_focal.bench.records.card import model_card
from larq_focal.bench.records.texts import ace_text, machine_text, microcontroller_text, parameters_text, run_text
from larq_focal.report.headline import headline_cards
from larq_focal.report.runs import runs_by_dataset
from tests.support.records import fake_record

PI = {"board": "Raspberry Pi 4 Model B Rev 1.4", "cpu": "Cortex-A72"}


@pytest.mark.parametrize(
    ("machine", "text"),
    [
        (PI, "Raspberry Pi 4 Model B Rev 1.4"),
        ({"board": None, "cpu": "AMD EPYC"}, "AMD EPYC"),
        ({"cpu": "AMD EPYC"}, "AMD EPYC"),
        ({"board": None, "cpu": None}, "an unnamed machine"),
        ({}, "an unnamed machine"),
    ],
)
def test_a_machine_is_called_by_its_board_or_its_processor(machine, text):
    assert machine_text(machine) == text


def test_card_and_headlines_call_a_machine_the_same():
    record = fake_record()
    record["timing"]["machine"] = PI
    (runs,) = runs_by_dataset([record])
    assert f"1 thread of {PI['board']}" in model_card(record)
    assert f"on {PI['board']};" in {card.name: card for card in headline_cards(runs)}["Fastest"].about


def test_counts_of_what_was_not_wholly_counted_are_least_counts():
    record = fake_record()
    assert (parameters_text(record), ace_text(record)) == ("3.93 KiB", "12.4 M")
    record["cost"]["totals"]["at_least"] = True
    assert (parameters_text(record), ace_text(record)) == ("at least 3.93 KiB", "at least 12.4 M")


def test_a_finished_run_in_one_line():
    accuracy = {"correct": 520, "total": 540, "value": 0.963, "low": 0.943, "high": 0.976}
    assert run_text(fake_record("hysteresis", accuracy=accuracy)) == (
        "Hysteresis sign: 96.30% (94.3% to 97.6%), 8,722 bytes, 0.094 ms, FIT; "
        "same class as Keras on 540 of 540, largest difference 3.1e-06"
    )


def on_board(**changes):
    record = fake_record()
    record["microcontroller"] |= changes
    return record


def test_what_is_not_known_of_a_microcontroller_is_left_out():
    text = microcontroller_text(on_board(clock_hz=None, estimated_latency_ms=None, estimated_energy_uj=None))
    assert text == "cortex-m4: flash 7.93 KiB, RAM 2.00 KiB, instructions 1.55 M"
    none = dict.fromkeys(("flash_bytes", "ram_bytes", "instructions", "estimated_latency_ms", "estimated_energy_uj"))
    assert microcontroller_text(on_board(**none, notes=["Not written in C: no."])) == "cortex-m4: Not written in C: no."
    assert microcontroller_text(fake_record(microcontroller=None)) is None


def test_a_card_tells_of_a_microcontroller_where_its_record_does():
    assert "| Microcontroller | cortex-m4: flash 7.93 KiB" in model_card(fake_record())
    assert "Microcontroller" not in model_card(fake_record(microcontroller=None))
