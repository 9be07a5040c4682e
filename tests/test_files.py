"""What is written is whole or not there; devices, pipes and links stay what they are; errors name the file."""

import errno
import io
import os
import resource
import stat
import threading

import numpy as np
import pytest
from click.testing import CliRunner

from larq_focal.cli import main
from larq_focal.files import existing, existing_file, read_text, write_text, written_whole

posix = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are POSIX's")


def only(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_written_whole(tmp_path):
    write_text(tmp_path / "new" / "a.txt", "é")
    assert (tmp_path / "new" / "a.txt").read_bytes() == "é".encode()
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE((tmp_path / "new" / "a.txt").stat().st_mode) == 0o666 & ~mask
    assert only(tmp_path / "new") == ["a.txt"]


def test_an_error_leaves_what_was_there(tmp_path):
    write_text(tmp_path / "a.txt", "before")
    with pytest.raises(ZeroDivisionError), written_whole(tmp_path / "a.txt") as file:
        file.write(b"after")
        raise ZeroDivisionError
    assert (tmp_path / "a.txt").read_text() == "before" and only(tmp_path) == ["a.txt"]


def test_a_link_stays_and_its_target_is_replaced(tmp_path):
    (tmp_path / "far").mkdir()
    write_text(tmp_path / "far" / "target.txt", "before")
    (tmp_path / "link.txt").symlink_to("far/target.txt")
    write_text(tmp_path / "link.txt", "after")
    assert (tmp_path / "link.txt").is_symlink() and (tmp_path / "far" / "target.txt").read_text() == "after"
    assert only(tmp_path / "far") == ["target.txt"]


def test_the_target_of_a_link_is_made(tmp_path):
    (tmp_path / "link.txt").symlink_to("far/target.txt")
    write_text(tmp_path / "link.txt", "new")
    assert (tmp_path / "link.txt").is_symlink() and (tmp_path / "far" / "target.txt").read_text() == "new"


def test_a_link_to_itself_is_an_error_that_names_it(tmp_path):
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(OSError, match="loop"):
        write_text(tmp_path / "loop", "x")
    assert (tmp_path / "loop").is_symlink()


@posix
def test_devices_stay_devices(tmp_path):
    before = os.lstat("/dev/null")
    write_text("/dev/null", "x")
    assert os.lstat("/dev/null").st_ino == before.st_ino and stat.S_ISCHR(os.lstat("/dev/null").st_mode)


@posix
def test_standard_output_is_written_to(tmp_path):
    """Whatever it is: here a file, which must be written to and not replaced."""
    with (tmp_path / "out.txt").open("wb") as out:
        kept = os.dup(1)
        os.dup2(out.fileno(), 1)
        try:
            write_text("/dev/stdout", "x" * 10)
        finally:
            os.dup2(kept, 1)
            os.close(kept)
        assert os.fstat(out.fileno()).st_ino == (tmp_path / "out.txt").stat().st_ino
    assert (tmp_path / "out.txt").read_text() == "x" * 10


@posix
def test_a_pipe_gets_the_whole_and_stays_a_pipe(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read = []
    reader = threading.Thread(target=lambda: read.append(np.load(io.BytesIO(pipe.read_bytes()))["a"]), daemon=True)
    reader.start()
    with written_whole(pipe) as file:
        np.savez(file, a=np.arange(100_000))
    reader.join(10)
    np.testing.assert_array_equal(read[0], np.arange(100_000))
    assert stat.S_ISFIFO(pipe.lstat().st_mode) and only(tmp_path) == ["pipe"]


def test_a_folder_is_an_error(tmp_path):
    with pytest.raises(IsADirectoryError, match="is a folder; needed is the name of a file"):
        write_text(tmp_path, "x")
    with pytest.raises(IsADirectoryError, match="is a folder; needed is a file"):
        existing_file(tmp_path)
    assert existing(tmp_path) == tmp_path


OUTPUTS = ["compile m.qgraph -o", "convert m.keras -o", "graph m.keras -o", "inspect m.qgraph -o", "report runs -o"]
OUTPUTS += ["run m.tflite --input a.npy -o", "simulate m.scamp --input a.npy -o"]


@pytest.mark.parametrize("arguments", OUTPUTS)
def test_a_folder_as_output_is_refused_before_the_work(arguments, tmp_path):
    """The inputs are missing, which would be told first otherwise."""
    done = CliRunner().invoke(main, [*arguments.split(), str(tmp_path)])
    assert done.exit_code == 2 and "is a directory" in done.output


@posix
def test_a_full_disk_names_the_file(tmp_path):
    """As the system says it: here by the largest size that this process may write."""
    write_text(tmp_path / "a.bin", "before")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**16, hard))
    try:
        with pytest.raises(OSError, match=r"a\.bin") as full, written_whole(tmp_path / "a.bin") as file:
            file.write(bytes(2**20))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert full.value.errno == errno.EFBIG and full.value.filename == str(tmp_path / "a.bin")
    assert (tmp_path / "a.bin").read_text() == "before" and only(tmp_path) == ["a.bin"]


def test_what_cannot_be_made_names_the_file(tmp_path, monkeypatch):
    def refuse(*arguments, **options):
        raise PermissionError(errno.EACCES, "Permission denied", os.path.join(options["dir"], options["prefix"] + "x"))

    monkeypatch.setattr("tempfile.mkstemp", refuse)
    with pytest.raises(PermissionError, match=r"a\.txt'$"):
        write_text(tmp_path / "a.txt", "x")


@posix
def test_pipes_are_not_read(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for read in (existing, existing_file):
        with pytest.raises(OSError, match=r"pipe' is a pipe, a device or a socket: only files are read"):
            read(tmp_path / "pipe")
    with pytest.raises(OSError, match="only files are read"):
        existing_file("/dev/zero")


def test_what_is_not_text_is_named(tmp_path):
    (tmp_path / "name").write_text("Größe\n", encoding="utf-8")
    assert read_text(tmp_path / "name") == "Größe\n"
    (tmp_path / "name").write_bytes(b"\xfc")
    with pytest.raises(ValueError, match="name' is not a text file"):
        read_text(tmp_path / "name")


@pytest.mark.parametrize("name", ["absent", "file/below", "null\0", "x" * 3000])
def test_missing_files_are_named(name, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FileNotFoundError, match="There is no file") as error:
        existing_file(tmp_path / name)
    assert len(str(error.value)) < 500
