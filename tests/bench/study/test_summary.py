"""What a study found, on made-up records."""

import json

import pytest
import yaml

from larq_focal.bench.study.point_summary import PointSummary
from larq_focal.bench.study.study_file import load_study
from larq_focal.bench.study.summary import FORMAT, summarized
from tests.bench.study.made_up import made_up_study


def test_accuracy_is_the_mean_over_the_seeds():
    summary, _ = made_up_study({"A": (900, [0.90, 0.92, 0.94])})
    (point,) = summary.points
    assert point.accuracy == pytest.approx(0.92)
    assert point.deviation == pytest.approx(0.02)  # of the sample: sqrt((0.02^2 + 0 + 0.02^2) / 2)
    assert point.accuracy_text == "92.00 ± 2.00"
    assert point.costs["parameter_bytes"] == 900


def test_one_seed_has_no_deviation():
    summary, _ = made_up_study({"A": (900, [0.9])})
    assert summary.points[0].accuracy_text == "90.00"


def test_the_answer_names_the_best_what_ties_and_the_knee():
    summary, _ = made_up_study(
        {
            "small": (1000, [0.80, 0.81]),
            "middle": (2000, [0.95, 0.96]),
            "wide": (16_000, [0.965, 0.99]),
            "other": (8000, [0.97, 0.975]),
        }
    )
    assert [point.title for point in summary.compared.front] == ["small", "middle", "other", "wide"]
    assert summary.compared.best.title == "wide"
    assert summary.compared.knee is not None and summary.compared.knee.title == "middle"
    assert summary.answer == (
        "Most accurate is “wide”: 97.75 ± 1.77 % at 15.6 KiB of parameters; 1 other cannot be told from it by these "
        "seeds, of which “other” costs least (7.81 KiB). The knee is “middle”: 95.50 ± 0.71 % at 1.95 KiB of "
        "parameters, 2.25 points below the best at 1/8.0 of its parameters."
    )


def test_the_winner_at_equal_accuracy_is_named_whoever_it_is():
    """Made-up networks 1 and 2 are not binary, 3 and 4 are; a file takes 4,000 bytes more than its parameters."""
    found = {"float": (33_400, [0.986, 0.987]), "int8": (900, [0.95, 0.961]), "sign": (4000, [0.95, 0.97])}
    summary, _ = made_up_study({**found, "small sign": (500, [0.90, 0.91])})
    assert [point.is_binary for point in summary.points] == [False, False, True, True]
    assert summary.winner == (
        "At the accuracy of the best binary network, “sign” (96.00 %), “int8” (95.55 %, not binary) is smaller "
        "(4.79 KiB against 7.81 KiB), and no other is faster (93.0 µs); 1 of 4 networks is less accurate."
    )
    assert summary.to_dict()["winner"] == summary.winner and summary.winner in str(summary).replace("\n", " ")
    assert made_up_study(found | {"int8": (900, [0.95, 0.959])})[0].winner.endswith(
        "no other is smaller (7.81 KiB) or faster (93.0 µs); 1 of 3 networks is less accurate."
    )


def test_without_binary_networks_or_others_nobody_wins():
    assert made_up_study({"float": (900, [0.9]), "int8": (900, [0.9])})[0].winner is None


def test_a_point_is_read_as_it_was_written():
    summary, _ = made_up_study(
        {"a": (1000, [0.7, 0.8]), "b": (2000, [0.8])}, light={1 / 32: [0.5, 0.7], 8.0: [0.8, 0.6]}
    )
    written = json.loads(json.dumps(summary.to_dict()))["points"]
    assert tuple(map(PointSummary.from_dict, written)) == summary.points


def test_a_straight_front_or_a_short_one_has_no_knee():
    straight, _ = made_up_study({"a": (1000, [0.7]), "b": (2000, [0.8]), "c": (4000, [0.9])})
    short, _ = made_up_study({"a": (1000, [0.7]), "b": (2000, [0.8])})
    assert straight.compared.knee is None
    assert short.compared.knee is None
    assert "knee" not in short.answer


def test_a_concave_front_has_its_knee_where_it_bends():
    bent, _ = made_up_study({"a": (1000, [0.5]), "b": (2000, [0.9]), "c": (4000, [0.92]), "d": (8000, [0.93])})
    assert bent.compared.knee is not None and bent.compared.knee.title == "b"


def test_what_is_missing_is_named():
    summary, _ = made_up_study({"a": (1000, [0.7, 0.8]), "b": (2000, [0.8])}, seeds=2)
    assert summary.missing == {"b": (1,)}
    assert summary.missing_text == "Missing: b (seed 1)."


def test_a_point_without_the_cost_is_on_no_front():
    summary, _ = made_up_study({"a": (None, [0.9]), "b": (2000, [0.8])}, compare="flash_bytes")
    assert [point.title for point in summary.compared.front] == ["b"]
    assert summary.answer.startswith("Most accurate is “a”: 90.00 %.")


def test_the_table_has_a_row_for_each_network():
    summary, _ = made_up_study({"a|b": (1000, [0.7, 0.8]), "c": (2000, [0.8, 0.9])})
    lines = summary.table().splitlines()
    assert len(lines) == 4
    assert lines[2].startswith(r"| a\|b | 75.00 ± 7.07 | 2 | 0.98 KiB |")


def test_it_prints_and_is_plain_json():
    summary, _ = made_up_study({"a": (1000, [0.7, 0.8]), "[b]": (2000, [0.8])}, seeds=2)
    text = str(summary)
    assert "[b]" in text and "Missing: [b] (seed 1)." in text
    content = json.loads(json.dumps(summary.to_dict(), allow_nan=False))
    assert content["format"] == FORMAT
    assert content["points"][0]["accuracies"] == [0.7, 0.8]


def test_the_made_up_study_is_one_that_a_file_could_hold(tmp_path):
    path = tmp_path / "a.yaml"
    rows = [{"title": name, "models": ["two_layer_ste_sign"]} for name in "ab"]
    path.write_text(yaml.safe_dump({"title": "T", "question": "Q", "dataset": "digits", "rows": rows}))
    summary, _ = made_up_study({"a": (1, [0.5]), "b": (1, [0.5])})
    assert [point.title for point in load_study(path).points] == [point.title for point in summary.study.points]
    with pytest.raises(StopIteration):
        summarized(summary.study, {})
