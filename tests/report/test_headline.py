"""The cards on top name the right run and figure."""

from larq_focal.bench.records.card import model_card
from larq_focal.report import markdown_table, write_report
from larq_focal.report.headline import headline_cards
from larq_focal.report.runs import runs_by_dataset
from tests.support.records import fake_record, six_runs


def cards_of(records):
    (runs,) = runs_by_dataset(records)
    return {card.name: card for card in headline_cards(runs)}


def accuracy(value, low, high):
    return {"correct": 0, "total": 200, "value": value, "low": low, "high": high}


def test_the_best_runs_are_named():
    records = [
        fake_record("full_precision", accuracy=accuracy(0.9, 0.85, 0.93)),
        fake_record("ste_sign", accuracy=accuracy(0.7, 0.65, 0.75)),
        fake_record("hysteresis", accuracy=accuracy(0.8, 0.75, 0.86)),
        fake_record("lab", accuracy=accuracy(0.86, 0.8, 0.9)),
    ]
    cards = cards_of(records)
    assert (cards["Most accurate"].value, cards["Most accurate"].run.label) == ("90.0\u00a0%", "Full precision")
    assert "200 images; a tie with 2 others, whose intervals overlap" in cards["Most accurate"].about
    # As small as the other binary run, and more accurate.
    assert (cards["Smallest"].value, cards["Smallest"].run.label) == ("3.93 KiB", "Hysteresis sign")
    assert (cards["Fastest"].value, cards["Fastest"].run.label) == ("93.0 µs", "STE sign")
    # The learnable binarizer is more accurate, but fits no sensor.
    assert (cards["On the sensor"].value, cards["On the sensor"].run.label) == ("2 of 3", "Hysteresis sign")


def timed(name, low, median, high, notes=()):
    record = fake_record(name)
    times = {"min_ms": low, "median_ms": median, "p90_ms": high, "notes": list(notes)}
    return {**record, "timing": {**record["timing"], **times}}


def test_ties_and_disturbances_are_said():
    records = [timed("full_precision", 3, 3, 3), timed("ste_sign", 1, 1.1, 1.3), timed("hysteresis", 1.2, 1.3, 1.4)]
    cards = cards_of(records)
    assert cards["Fastest"].run.label == "STE sign"
    assert "a tie with 1 other, whose times overlap" in cards["Fastest"].about
    assert "disturbed" not in cards["Fastest"].about
    assert "a tie with 1 other of the same size" in cards["Smallest"].about
    records[0]["timing"]["notes"] = ["The clock moved."]
    assert "1 of 3 timings were disturbed" in cards_of(records)["Fastest"].about
    alone = cards_of(records[:2])
    assert "tie" not in alone["Fastest"].about and "tie" not in alone["Smallest"].about


def least(record):
    """The same record of a network that has parts which are not counted."""
    totals = {**record["cost"]["totals"], "at_least": True, "activations_at_least": True}
    return {**record, "cost": {**record["cost"], "totals": totals}}


def test_a_run_that_was_not_wholly_counted_is_not_the_smallest():
    small, large = fake_record("hysteresis"), fake_record("full_precision")
    assert cards_of([small, large])["Smallest"].run.label == "Hysteresis sign"
    assert cards_of([least(small), large])["Smallest"].run.label == "Full precision"
    assert cards_of([least(small)])["Smallest"].run is None


def test_least_values_are_marked_in_every_form_of_the_report(tmp_path):
    record = least(fake_record("hysteresis"))
    path = write_report([record], tmp_path / "report.html")
    assert "at least 3.93 KiB</td>" in path.read_text(encoding="utf-8")
    assert "| at least 3.93 KiB" in markdown_table([record])
    assert "at least 3.93 KiB, " in model_card(record)
    assert "at least" not in markdown_table([fake_record("hysteresis")])


def test_where_nothing_fits_the_smallest_change_is_told():
    card = cards_of([fake_record("lab"), fake_record("int8", fit=None)])["On the sensor"]
    assert card.value == "0 of 1"
    assert card.about.startswith("fit scamp5; smallest change: ") and card.about.endswith(": groups=2 (fan-in 72)")


def test_what_was_not_measured_names_no_run():
    cards = cards_of([{**record, "timing": None, "fit": None} for record in six_runs()])
    assert [cards[name].run for name in ("Fastest", "On the sensor")] == [None, None]
