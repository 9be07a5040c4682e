"""Files of arrays are read as NumPy writes them; whatever else they hold is one clear error, and takes no memory."""

import io
import os
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import (
    array_shapes,
    arrays,
    boolean_dtypes,
    complex_number_dtypes,
    floating_dtypes,
    integer_dtypes,
    unicode_string_dtypes,
    unsigned_integer_dtypes,
)

from larq_focal.arrays import ArrayArchive, ArrayFileError, read_npy, read_npz

same_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
dtypes = st.one_of(
    boolean_dtypes(),
    integer_dtypes(endianness="?"),
    unsigned_integer_dtypes(endianness="?"),
    floating_dtypes(endianness="?"),
    complex_number_dtypes(endianness="?"),
    unicode_string_dtypes(endianness="?"),
)
any_array = arrays(dtypes, array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5))


def npy(array, **options) -> bytes:
    held = io.BytesIO()
    np.save(held, array, **options)
    return held.getvalue()


def with_header(text: str, values: bytes = b"", version: int = 1) -> bytes:
    header = text.encode("latin-1") + b"\n"
    length = struct.pack("<H" if version == 1 else "<I", len(header))
    return b"\x93NUMPY" + bytes([version, 0]) + length + header + values


def header(shape="(2,)", dtype="'<f4'", order="False") -> str:
    return f"{{'descr': {dtype}, 'fortran_order': {order}, 'shape': {shape}, }}"


def archive(path, *entries: tuple[str, bytes], compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", compression) as file:
        for name, content in entries:
            file.writestr(name, content)
    return path


@same_folder
@given(array=any_array, order=st.sampled_from("CF"))
def test_arrays_come_back(tmp_path, array, order):
    array = np.asarray(array, order=order)
    np.save(tmp_path / "a.npy", array)
    np.savez_compressed(tmp_path / "a.npz", first=array, second=array)
    both = read_npz(tmp_path / "a.npz")
    assert list(both) == ["first", "second"]
    for read in (read_npy(tmp_path / "a.npy"), *both.values()):
        assert read.dtype == array.dtype and read.flags.writeable
        np.testing.assert_array_equal(read, array, strict=True)


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_all_versions_are_read(version, tmp_path):
    with (tmp_path / "a.npy").open("wb") as file:
        np.lib.format.write_array(file, np.arange(3), version)
    np.testing.assert_array_equal(read_npy(tmp_path / "a.npy"), np.arange(3))


def test_only_what_is_asked_for_is_read(tmp_path):
    path = archive(tmp_path / "a.npz", ("good.npy", npy(np.arange(3))), ("bad.npy", b"text"))
    with ArrayArchive(path) as found:
        assert list(found) == ["good", "bad"] and found["good"].tolist() == [0, 1, 2] and "other" not in found
        with pytest.raises(KeyError):
            found["other"]
        with pytest.raises(ArrayFileError, match=r"a\.npz' .*bad: it does not begin as one"):
            found["bad"]


FAULTS = {
    "empty": (b"", "does not begin as one"),
    "text": (b"1 2 3", "does not begin as one"),
    "pickle": (npy(np.array([{}]), allow_pickle=True), "pickled Python objects, which may run code"),
    "cut": (npy(np.arange(100))[:-1], r"take more than the \d+ bytes that are there"),
    "cut header": (npy(np.arange(100))[:50], "it is cut off"),
    "cut length": (b"\x93NUMPY\x01\x00\x10", "it is cut off"),
    "later version": (b"\x93NUMPY\x09\x00" + bytes(100), "it has version 9 of the format"),
    "huge header": (b"\x93NUMPY\x02\x00" + struct.pack("<I", 2**31) + b" " * 100, "header of 2,147,483,648 bytes"),
    "huge array": (with_header(header("(10**9,)".replace("10**9", "1000000000"))), "1000000000.*take more than"),
    "sides beyond": (with_header(header("(0, 99999999999999999999)")), "int|large|range|dimension"),
    "many sides": (with_header(header(f"({'1,' * 200})"), bytes(4)), "dimension"),
    "negative side": (with_header(header("(-1,)"), bytes(8)), r"its shape \(-1,\) is not one"),
    "side of truth": (with_header(header("(True,)"), bytes(8)), r"its shape \(True,\) is not one"),
    "list as shape": (with_header(header("[2]"), bytes(8)), r"its shape \[2\] is not one"),
    "no dictionary": (with_header("3"), "its header is damaged"),
    "unclosed": (with_header("{'descr': ("), "its header is damaged"),
    "nested": (with_header("(" * 9000), "its header is damaged"),
    "long sum": (with_header("-" * 9000 + "1"), "its header is damaged"),
    "null": (with_header("\0"), "its header is damaged"),
    "call": (with_header(header("__import__('os').system('true')")), "its header is damaged"),
    "fields": (with_header(header(dtype="[('a', '<f4')]"), bytes(8)), "its type .* is not one of numbers"),
    "no type": (with_header(header(dtype="'xyz'"), bytes(8)), "its type 'xyz' is not one of numbers"),
    "dates": (npy(np.zeros(2, "M8[s]")), "its type .* is not one of numbers"),
    "nothing": (with_header(header("(10,)", "'<U0'")), "its type .* is not one of numbers"),
    "no letters": (with_header(header("(1,)", "'<U1'"), b"\xff" * 4), "its text is damaged"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_faulty_array_is_one_line_that_names_the_file(name, tmp_path):
    content, words = FAULTS[name]
    (tmp_path / "a.npy").write_bytes(content)
    archive(tmp_path / "a.npz", ("part.npy", content))
    with pytest.raises(ArrayFileError, match=rf"a\.npy' is not a whole \.npy array: .*{words}") as alone:
        read_npy(tmp_path / "a.npy")
    with pytest.raises(ArrayFileError, match=rf"a\.npz' is not a whole .*part: .*{words}") as packed:
        read_npz(tmp_path / "a.npz")
    for refused in (alone, packed):
        assert "\n" not in str(refused.value) and len(str(refused.value)) < 500 + len(str(tmp_path))


def test_an_archive_is_not_an_array(tmp_path):
    np.savez(tmp_path / "a.npy.npz", a=np.zeros(1))
    os.rename(tmp_path / "a.npy.npz", tmp_path / "a.npy")
    with pytest.raises(ArrayFileError, match=r"a\.npy' is an archive of arrays: save one array with numpy\.save"):
        read_npy(tmp_path / "a.npy")


class TestArchives:
    @pytest.mark.parametrize("content", [b"", b"text", b"PK\x03\x04", b"PK\x05\x06" + bytes(18)[:-1]])
    def test_no_archive(self, content, tmp_path):
        (tmp_path / "a.npz").write_bytes(content)
        with pytest.raises(
            ArrayFileError, match=r"a\.npz' is not a whole \.npz file of arrays: it is damaged or cut off"
        ):
            read_npz(tmp_path / "a.npz")

    @pytest.mark.filterwarnings("ignore:Duplicate name")
    def test_names_that_are_there_twice(self, tmp_path):
        archive(tmp_path / "a.npz", ("a.npy", npy(np.zeros(1))), ("a.npy", npy(np.ones(1))))
        with pytest.raises(ArrayFileError, match="the name 'a' is there twice"):
            read_npz(tmp_path / "a.npz")

    def test_other_files_in_it(self, tmp_path):
        archive(tmp_path / "a.npz", ("a.txt", b"text"))
        with pytest.raises(ArrayFileError, match=r"'a\.txt' is not an array"):
            read_npz(tmp_path / "a.npz")

    def test_other_compressions(self, tmp_path):
        archive(tmp_path / "a.npz", ("a.npy", npy(np.zeros(1))), compression=zipfile.ZIP_LZMA)
        with pytest.raises(ArrayFileError, match="compressed in a way that NumPy does not write"):
            read_npz(tmp_path / "a.npz")

    def test_more_behind_an_array(self, tmp_path):
        archive(tmp_path / "a.npz", ("a.npy", npy(np.zeros(1)) + b"more"))
        with pytest.raises(ArrayFileError, match="a: something follows behind the array"):
            read_npz(tmp_path / "a.npz")

    def test_a_bomb_takes_no_memory(self, tmp_path):
        """An entry that says that it unpacks to 2 GiB."""
        path = archive(tmp_path / "a.npz", ("a.npy", npy(np.zeros(10))))
        content = bytearray(path.read_bytes())
        struct.pack_into("<I", content, content.index(b"PK\x01\x02") + 24, 2**31)
        path.write_bytes(content)
        tracemalloc.start()
        with pytest.raises(ArrayFileError, match="it would unpack to 2,147,483,648 bytes"):
            read_npz(path)
        assert tracemalloc.get_traced_memory()[1] < 2**20
        tracemalloc.stop()

    def test_arrays_of_zeros_are_not_a_bomb(self, tmp_path):
        np.savez_compressed(tmp_path / "a.npz", a=np.zeros(10**7, np.uint8))
        assert read_npz(tmp_path / "a.npz")["a"].shape == (10**7,)


@same_folder
@given(place=st.floats(0, 1, exclude_max=True), change=st.integers(1, 255), cut=st.booleans())
def test_damage_is_refused_or_harmless(tmp_path, place, change, cut):
    array = np.arange(30, dtype=np.float32).reshape(5, 6)
    np.savez_compressed(tmp_path / "a.npz", a=array)
    whole = bytearray((tmp_path / "a.npz").read_bytes())
    index = int(place * len(whole))
    whole[index] ^= change
    (tmp_path / "a.npz").write_bytes(whole[:index] if cut else whole)
    try:
        read = read_npz(tmp_path / "a.npz")
    except ArrayFileError:
        return
    for found in read.values():  # the names have no checksum
        np.testing.assert_array_equal(found, array)


def test_pipes_and_folders(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for read in (read_npy, read_npz):
        with pytest.raises(OSError, match="only files are read"):
            read(tmp_path / "pipe")
        with pytest.raises(IsADirectoryError, match="is a folder"):
            read(tmp_path)
        with pytest.raises(FileNotFoundError, match="There is no file"):
            read(tmp_path / "absent")
