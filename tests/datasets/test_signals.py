"""Signals come as windows of bytes from files in the layouts of those who recorded them, or one error names the fix."""

import sys

import numpy as np
import pytest
from scipy.io import savemat

from larq_focal.datasets import DATASETS, DatasetError, load_dataset
from larq_focal.datasets.signals import basic_motions, made_up, wisdm
from larq_focal.datasets.signals.windows import as_bytes

CLASSES = DATASETS["basic_motions"].classes


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Made-up files in all layouts."""
    folder = tmp_path_factory.mktemp("signals")
    made_up.write_wisdm(folder, seconds=10)
    made_up.write_unimib_shar(folder, trials=1)
    write_motions(folder)
    return folder


def write_motions(folder, *, values=None, label=None):
    random = np.random.default_rng(0)
    for name in ("BasicMotions_TRAIN.ts", "BasicMotions_TEST.ts"):
        lines = ["#a comment", "@problemName BasicMotions", "@data"]
        for each in CLASSES * 2:
            signal = random.normal(size=(6, 100)) if values is None else values
            lines.append(":".join([*(",".join(map(str, channel)) for channel in signal), label or each]))
        (folder / name).write_text("\n".join(lines) + "\n")


def test_bytes_are_centred_and_clipped():
    values = [-40.0, -32.0, -0.12, 0.0, 0.13, 1.0, 31.75, 32.0, 1e9]
    np.testing.assert_array_equal(as_bytes(np.array(values), 32.0), [0, 0, 128, 128, 129, 132, 255, 255, 255])


@pytest.mark.parametrize("name", [name for name, row in DATASETS.items() if row.is_signal])
def test_every_layout_gives_windows_of_all_classes_in_both_parts(folder, name):
    data, row = load_dataset(name, folder), DATASETS[name]
    assert data.image_shape == row.shape
    assert data.title == ("BasicMotions" if name == "basic_motions" else f"{row.title} (made up)")
    assert data.x_train.dtype == data.x_test.dtype == np.uint8
    assert data.x_train.std() > 1
    for labels in (data.y_train, data.y_test):
        assert set(labels) == set(range(len(row.classes)))


def test_motions_are_read_channel_by_channel(tmp_path):
    write_motions(tmp_path, values=np.arange(600).reshape(6, 100) / 100)
    data = load_dataset("basic_motions", tmp_path)
    np.testing.assert_array_equal(data.x_test[0, 3], as_bytes(np.arange(6) + 0.03, 32.0))
    assert list(data.y_train) == [0, 1, 2, 3] * 2


def test_motions_of_an_installed_package_are_found_without_importing_it(tmp_path, monkeypatch):
    motions = tmp_path / "sktime" / "datasets" / "data" / "BasicMotions"
    motions.mkdir(parents=True)
    (tmp_path / "sktime" / "__init__.py").write_text("raise RuntimeError('imported')")
    write_motions(motions)
    monkeypatch.syspath_prepend(tmp_path)
    assert load_dataset("basic_motions").source == "sktime, BasicMotions_TRAIN.ts"


def test_without_a_package_it_says_which(monkeypatch):
    monkeypatch.setattr(basic_motions, "find_spec", lambda name: None)
    with pytest.raises(DatasetError, match=r"pip install sktime. Or give a folder that holds BasicMotions_TRAIN.ts"):
        load_dataset("basic_motions")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"label": "Swimming"}, "line 4: not 6 channels of 100 numbers and one of Standing"),
        ({"values": np.zeros((5, 100))}, "line 4: not 6 channels"),
        ({"values": np.full((6, 100), np.nan)}, "line 4: not 6 channels"),
        ({"values": [["x"] * 100] * 6}, "line 4: not 6 channels"),
    ],
)
def test_wrong_motions(tmp_path, change, message):
    write_motions(tmp_path, **change)
    with pytest.raises(DatasetError, match=message):
        load_dataset("basic_motions", tmp_path)


def record(user, activity, value, end=";\n"):
    return f"{user},{activity},1000,{value},0.5,-1.0{end}"


def write_raw(folder, text):
    (folder / wisdm.FILE).write_text(text)
    return load_dataset("wisdm", folder)


def test_windows_of_wisdm_stay_within_one_recording(tmp_path):
    """Users 1 and 30: the first walks for 130 records and sits for 79, too few; the other walks for 80."""
    first = [record(1, "Walking", 0.15625 * (n % 100)) for n in range(130)]
    other = [record(1, "Sitting", 1)] * 79 + [record(30, "Walking", 2)] * 80
    data = write_raw(tmp_path, "".join(first + other))
    assert data.x_train.shape == (2, 80, 3) and data.x_test.shape == (1, 80, 3)
    np.testing.assert_array_equal(data.x_train[0, :, 0], 128 + np.arange(80))
    np.testing.assert_array_equal(data.x_train[1, 0], [128 + 40, 131, 122])
    assert list(data.y_train) == [0, 0]


def test_records_of_wisdm_that_share_a_line_or_are_cut_off(tmp_path):
    good = [record(1, "Walking", n) for n in range(80)] + [record(30, "Walking", 1)] * 80
    good[3] = good[3].replace(";\n", ";")  # the next one follows on its line
    good[5] = good[5].replace(";", ",;")
    bad = ["\n", "1,Walking,1000,4.5,4.5,;\n", "1,Walking,1000,4.5,4.5,\n", ";\n", "1,Flying,1000,1,1,1;\n"]
    data = write_raw(tmp_path, "".join([*good[:10], *bad, *good[10:]]))
    np.testing.assert_array_equal(data.x_train[0, :20, 0], as_bytes(np.arange(20), 20.0))


def test_what_is_not_wisdm(tmp_path):
    with pytest.raises(DatasetError, match="3 of 3 records are not WISDM's"):
        write_raw(tmp_path, "a\nb\nc\n")
    with pytest.raises(DatasetError, match=r"cannot be read .* Unpack it from WISDM's archive again"):
        load_dataset("wisdm", tmp_path / "nowhere")
    with pytest.raises(DatasetError, match=f"give a folder that holds {wisdm.FILE}"):
        load_dataset("wisdm")


def write_shar(folder, data, labels):
    for name, array in (("acc_data", data), ("acc_labels", labels)):
        savemat(folder / f"{name}.mat", {name: array})
    return load_dataset("unimib_shar", folder)


def test_arrays_of_unimib_shar_hold_one_channel_after_the_other(tmp_path):
    data = np.stack([np.repeat([0.0, 10.0, -10.0], 151) + n for n in range(3)])
    found = write_shar(tmp_path, data, [[3, 1, 1], [17, 30, 2], [1, 24, 1]])
    np.testing.assert_array_equal(found.x_train[1], [as_bytes(np.array([2.0, 12.0, -8.0]), 20.0)] * 151)
    assert list(found.y_train) == [2, 0] and list(found.y_test) == [16]


@pytest.mark.parametrize(
    ("data", "labels", "message"),
    [
        (np.zeros((3, 450)), np.ones((3, 3)), r"acc_data is \[3, 450\] and acc_labels \[3, 3\]"),
        (np.zeros((3, 453)), np.ones((2, 3)), r"must be \[n, 453\] and \[n, 3\]"),
        (np.full((3, 453), np.inf), np.ones((3, 3)), "holds values that are not numbers"),
        (np.zeros((2, 453)), np.array([[1, 1, 1], [18, 30, 1]]), "labels from 0 to 16"),
        (np.zeros((2, 453)), np.ones((2, 3)), "at least one"),
    ],
)
def test_wrong_arrays_of_unimib_shar(tmp_path, data, labels, message):
    with pytest.raises(DatasetError, match=message):
        write_shar(tmp_path, data, labels)


def test_what_is_not_unimib_shar(tmp_path, monkeypatch):
    (tmp_path / "acc_data.mat").write_bytes(b"no matrix")
    with pytest.raises(DatasetError, match="is not the file of UniMiB SHAR with the array acc_data"):
        load_dataset("unimib_shar", tmp_path)
    with pytest.raises(DatasetError, match=r"give a folder that holds acc_data.mat and acc_labels.mat"):
        load_dataset("unimib_shar")
    monkeypatch.setitem(sys.modules, "scipy.io", None)
    with pytest.raises(DatasetError, match="pip install scipy"):
        load_dataset("unimib_shar", tmp_path)
