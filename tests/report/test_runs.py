"""Every run has one label and one look, wherever it is shown."""

from larq_focal.report.runs import runs_by_dataset
from tests.support.records import fake_record, six_runs


def on(dataset, records):
    return [{**record, "dataset": {**record["dataset"], "name": dataset}} for record in records]


def looks(runs):
    return [(run.colour, run.symbol) for run in runs]


def test_a_run_looks_the_same_on_all_datasets():
    first, second = runs_by_dataset(on("a", six_runs()) + on("b", reversed(six_runs())))
    assert len(set(looks(first))) == 6
    assert looks(first) == looks(reversed(second))


def test_56_runs_look_different():
    (runs,) = runs_by_dataset([fake_record(title=f"run {number}") for number in range(56)])
    assert len(set(looks(runs))) == 56


def test_runs_of_one_title_are_told_apart():
    records = [fake_record(settings={"seed": seed}) for seed in (1, 2, 2)]
    (runs,) = runs_by_dataset([*records, fake_record("lab")])
    assert [run.label for run in runs] == [
        "STE sign, seed 1",
        "STE sign (2)",
        "STE sign (3)",
        fake_record("lab")["title"],
    ]


def test_runs_keep_their_order():
    (runs,) = runs_by_dataset(six_runs())
    assert [run.record for run in runs] == six_runs()
