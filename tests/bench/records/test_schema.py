"""Run records are read whole, or refused with a message that says which one lacks what."""

import json
import re
from copy import deepcopy

import pytest

from larq_focal.bench.records.card import model_card
from larq_focal.bench.records.schema import SCHEMA, OrNone
from larq_focal.cost import summary
from larq_focal.focal_plane import fit
from larq_focal.report import RecordError, check_record, read_records, write_report
from tests.cost.graphs import two_layer_network
from tests.support.records import fake_record, six_runs


def required_keys(schema, path=()):
    """Paths of all keys that a record must have; 0 stands for the first item of a list."""
    if isinstance(schema, OrNone):
        yield from required_keys(schema.schema, path)
    elif isinstance(schema, list):
        yield from required_keys(schema[0], (*path, 0))
    elif isinstance(schema, dict):
        for key, part in schema.items():
            yield (*path, key)
            yield from required_keys(part, (*path, key))


def name_of(path):
    return ".".join(map(str, path)).replace(".0", "[0]")


def without(record, path):
    record = deepcopy(record)
    parent = record
    for key in path[:-1]:
        parent = parent[key]
    del parent[path[-1]]
    return record


KEYS = [path for path in required_keys(SCHEMA) if path != ("format",)]


@pytest.mark.parametrize("path", KEYS, ids=name_of)
def test_a_missing_part_is_named(path):
    record = without(fake_record("gumbel"), path)
    with pytest.raises(RecordError, match=rf"^my run is not .*'{re.escape(name_of(path))}' is missing"):
        check_record(record, "my run")


@pytest.mark.parametrize("record", six_runs(), ids=lambda record: record["run"])
def test_whole_records_pass(record):
    check_record(record, "it")


def test_what_the_package_makes_is_a_whole_record():
    graph = two_layer_network()
    check_record(fake_record(cost=summary(graph).to_dict(), fit=fit(graph).to_dict()), "it")


def with_keras(**changes) -> dict:
    record = fake_record()
    record["environment"]["keras"] = {"name": "Keras 3 on jax", "version": "3.15.1", "backend": "jax"} | changes
    return record


def test_the_keras_of_a_run_is_text():
    check_record(with_keras(), "it")
    with pytest.raises(RecordError, match=r"'environment.keras.backend' is not text but 3"):
        check_record(with_keras(backend=3), "it")


def test_the_images_of_a_calibration_are_counted():
    check_record(fake_record("int8", calibration={"images": 256}, history=[]), "it")
    with pytest.raises(RecordError, match=r"'calibration.images' is missing"):
        check_record(fake_record("int8", calibration={}), "it")


def test_a_card_names_the_keras_and_the_calibration():
    assert "| Made with | Keras 3 on jax, " in model_card(with_keras())
    card = model_card(fake_record("int8", calibration={"images": 256}, history=[]))
    assert "| Training | none of its own: calibrated on 256 training images |" in card


@pytest.mark.parametrize("part", ["timing", "fit", "agreement", "microcontroller"])
def test_parts_that_may_be_null(part):
    check_record(fake_record(**{part: None}), "it")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"title": 3}, "'title' is not text but 3"),
        ({"keras_accuracy": True}, "'keras_accuracy' is not a number but True"),
        ({"history": {}}, "'history' is not a list but {}"),
        ({"microcontroller": {}}, r"'microcontroller\.microcontroller' is missing"),
        ({"file": []}, r"'file' is not an object but \[\]"),
        ({"confusion": [[1, 2], [3, 4]]}, "'confusion' is not a matrix of 10 x 10"),
        ({"format": "larq_focal.run/9"}, "its format is 'larq_focal.run/9', but this version reads"),
    ],
)
def test_a_wrong_part_is_named(changes, message):
    with pytest.raises(RecordError, match=message):
        check_record(fake_record(**changes), "it")


def test_all_faults_are_told_at_once():
    with pytest.raises(RecordError, match=r"'title' is missing; 'accuracy\.low' is missing"):
        check_record(without(without(fake_record(), ("title",)), ("accuracy", "low")), "it")


def test_records_are_read_in_the_order_of_their_start(tmp_path):
    records = six_runs()
    for second, record in enumerate(records):
        record["environment"]["started"] = f"2030-01-02T03:04:0{second}+00:00"
        (tmp_path / f"{record['run']}.json").write_text(json.dumps(record))
    assert read_records(tmp_path) == records


@pytest.mark.parametrize("part", ["environment", "timing"])
@pytest.mark.parametrize("key", ["board", "cpu"])
def test_machines_have_names_of_text(part, key):
    record = fake_record()
    record[part]["machine"] = {key: [["Raspberry Pi"]]}
    with pytest.raises(RecordError, match=rf"'{part}\.machine\.{key}' is not text but \[\["):
        check_record(record, "it")


@pytest.mark.parametrize("text", ["", "{", "[]", "3", '{"format": "other"}'])
def test_a_damaged_file_is_named(tmp_path, text):
    (tmp_path / "broken.json").write_text(text)
    with pytest.raises(RecordError, match=r"broken\.json' is not"):
        read_records(tmp_path)


@pytest.mark.parametrize("folder", [".", "absent"])
def test_a_folder_without_records_is_named(tmp_path, folder):
    with pytest.raises(FileNotFoundError, match="no run records"):
        read_records(tmp_path / folder)


@pytest.mark.parametrize("records", [[], [fake_record(), without(fake_record(), ("cost",))], [3]])
def test_a_report_of_incomplete_records_is_not_written(tmp_path, records):
    with pytest.raises(RecordError, match=r"empty|Record 1 \('ste_sign'\).*'cost' is missing|Record 0"):
        write_report(records, tmp_path / "report.html")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "1" + "0" * 400, "1" + "0" * 4000, "true"])
def test_numbers_that_measure_nothing_are_refused(number, tmp_path):
    """Python's JSON reads more than JSON has, and whole numbers of any length."""
    record = json.dumps(fake_record()).replace('"keras_accuracy": ', f'"keras_accuracy": {number}, "was": ', 1)
    (tmp_path / "run.json").write_text(record)
    with pytest.raises(RecordError, match=r"run\.json' .*'keras_accuracy' is not a number") as refused:
        read_records(tmp_path)
    assert len(str(refused.value)) < 300 + len(str(tmp_path))


@pytest.mark.parametrize("text", ["[" * 100_000, "1" * 5000, '{"a": ' * 50_000, "\ud800", ""])
def test_texts_that_are_no_records_are_refused_in_one_line(text, tmp_path):
    (tmp_path / "run.json").write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(RecordError, match=r"run\.json' is not ") as refused:
        read_records(tmp_path)
    assert len(str(refused.value)) < 500 + len(str(tmp_path)) and "\n" not in str(refused.value)


def test_of_many_problems_the_first_are_told(tmp_path):
    record = {**fake_record(), "history": [3] * 10_000}
    with pytest.raises(RecordError, match=r"'history\[7\]' is not an object but 3; and 9992 more\.$"):
        check_record(record, "it")
