"""What all runs share is said once, what differs for each of them."""

from larq_focal.report.provenance import provenance
from larq_focal.report.runs import runs_by_dataset
from tests.support.records import fake_record, six_runs

(RUNS,) = runs_by_dataset(six_runs())


def test_shared_facts_and_differing_ones():
    facts = provenance(RUNS)
    assert facts.shared["Machine"]["cpu"] == "Imaginary CPU @ 1.0 GHz"
    assert facts.shared["Machine"]["memory (GiB)"] == "7.6"
    assert facts.shared["Training"] == {"seed": "1", "epochs": "12", "batch size": "64", "learning rate": "0.01"}
    assert facts.differing["Timing: engine"] == ["litert", "litert", "lce", "lce", "lce", "lce"]
    assert "board" not in facts.shared["Machine"], "what is not known is left out"


def test_another_machine_for_the_timing_is_told():
    record = fake_record()
    record["timing"]["machine"] = {**record["timing"]["machine"], "cpu": "Cortex-A72", "board": "Raspberry Pi 4"}
    (runs,) = runs_by_dataset([record])
    timing = provenance(runs).shared["Timing"]
    assert (timing["cpu"], timing["board"]) == ("Cortex-A72", "Raspberry Pi 4")
    assert "architecture" not in timing


def test_runs_without_a_fact_are_shown_without_it():
    (runs,) = runs_by_dataset([fake_record(), fake_record("lab", timing=None)])
    assert provenance(runs).differing["Timing: engine"] == ["lce", "-"]


def test_the_keras_and_a_calibration_are_told():
    trained, calibrated = fake_record(), fake_record("int8", calibration={"images": 256}, history=[])
    for record in (trained, calibrated):
        record["environment"]["keras"] = {"name": "Keras 3 on jax", "version": "3.15.1", "backend": "jax"}
    (runs,) = runs_by_dataset([trained, calibrated])
    facts = provenance(runs)
    assert facts.shared["Run"]["Keras"] == "Keras 3 on jax"
    assert sorted(facts.differing["Training: calibration images"]) == ["-", "256"]
