"""YAML is read as plain values of limited size, and a file is told what kind of file it was to be."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from larq_focal.fixed_processors import known_processors, processor
from larq_focal.focal_plane import SensorError, load_sensor
from larq_focal.focal_plane.machine.noise import FOLDER as NOISE
from larq_focal.focal_plane.machine.noise import load_noise
from larq_focal.focal_plane.sensor.known_sensors import SENSORS
from larq_focal.yaml_text import YamlError, parse_yaml

LAUGHS = "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 30))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (LAUGHS, r"aliases \(\*name\) are not taken: write the value out.*line 2"),
        ("a: &a {b: 1}\nc: *a", "aliases"),
        ("a: &a [*a]", "aliases"),
        ("[" * 21 + "]" * 21, "more than 20 deep"),
        ("- " * 5000 + "x", "more than 20 deep"),
        ("{a: " * 100_000, "more than 20 deep"),
        ("a: 1\nb: 2\na: 3", "the key 'a' is there twice.*line 3"),
        ("a: " + "1" * 30_000, "a value of 30,000 characters"),
        ("a: " + "1" * 10_000, "a value in it cannot be read"),
        ("a: 2001-99-99", "a value in it cannot be read"),
        ("x" * (2**20 + 1), "it has 1,048,577 characters"),
        ("!!python/object/apply:os.system [true]", "could not determine a constructor"),
        ("a: [1", "expected ',' or ']'"),
        ("? [a]\n: b", "unhashable key"),
    ],
)
def test_what_is_refused(text, words):
    started = time.process_time()
    with pytest.raises(YamlError, match=words) as refused:
        parse_yaml(text)
    assert time.process_time() - started < 5
    assert len(str(refused.value)) < 400 and "\n" not in str(refused.value)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("ab: -#*&", max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc", min_size=1, max_size=3), inner),
    max_leaves=9,
)


@given(value=values)
def test_plain_values_come_back(value):
    import yaml

    class Plain(yaml.SafeDumper):
        def ignore_aliases(self, data):
            return True

    assert parse_yaml(yaml.dump(value, Dumper=Plain)) == value


def changed(tmp_path, folder, old, new):
    text = (folder / "scamp5.yaml").read_text()
    assert re.search(old, text, re.M)
    path = tmp_path / "changed.yaml"
    path.write_text(re.sub(old, lambda _: new, text, count=1, flags=re.M))
    return path


LARGE = [f"'{'x' * 10_000}'", "0x" + "f" * 10_000, "[" + "0, " * 5000 + "]", "1e999999", "1" * 400]


@pytest.mark.parametrize("value", LARGE, ids=["text", "number", "list", "infinity", "beyond floats"])
@pytest.mark.parametrize("key", ["clock_hz", "code_store_icw"])
def test_messages_stay_short(key, value, tmp_path):
    path = changed(tmp_path, SENSORS, rf"^{key}:.*$", f"{key}: {value}")
    with pytest.raises(SensorError, match=f"'{key}' must be a ") as refused:
        load_sensor(path)
    assert len(str(refused.value)) < 300 + len(str(tmp_path))


def test_each_kind_of_file_is_called_by_its_name(tmp_path, monkeypatch):
    path = changed(tmp_path, NOISE, r"^gain:.*$", "gain: 0\ncolour: red")
    with pytest.raises(SensorError, match=r"'colour' is not a key of a noise model; see scamp5\.yaml"):
        load_noise(path)
    path = changed(tmp_path, SENSORS, r"^clock_hz:.*$", "clock_hz: 1\ncolour: red")
    with pytest.raises(SensorError, match=r"'colour' is not a key of a sensor; see template\.yaml"):
        load_sensor(path)
    (tmp_path / "own.yaml").write_text((known_processors.PROCESSORS / "binareye.yaml").read_text() + "\ncolour: red\n")
    monkeypatch.setattr(known_processors, "PROCESSORS", tmp_path)
    with pytest.raises(SensorError, match=r"'colour' is not a key of a processor; see binareye\.yaml"):
        processor.load_processor("own")


def test_large_files_are_not_read(tmp_path):
    (tmp_path / "large.yaml").write_text("# " + "x" * 2**17)
    with pytest.raises(SensorError, match=r"large\.yaml' has 131,074 bytes, and at most 131,072 are read"):
        load_sensor(tmp_path / "large.yaml")


@pytest.mark.parametrize(
    ("load", "kind", "example"),
    [(load_noise, "noise model", "scamp5.yaml"), (load_sensor, "sensor", "template.yaml")],
)
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a: [1", "is not a readable YAML file of a {kind}: "),
        (b"\xff", "is not a readable YAML file of a {kind}: "),
        (b"[1, 2]", "the file must hold keys with values, as in {example}"),
        (b"#" * (2**17 + 1), "131,073 bytes, and at most 131,072 are read of a {kind}"),
        (b"{}", "is missing; see {example} for what it means"),
    ],
    ids=["half", "bytes", "list", "large", "empty"],
)
def test_every_fault_names_the_kind_of_file_or_its_example(content, words, load, kind, example, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_bytes(content)
    with pytest.raises(SensorError, match=re.escape(words.format(kind=kind, example=example))) as refused:
        load(path)
    assert str(path) in str(refused.value)
