"""Altered files of every kind are taken or refused with one clear error; no code in them is run."""

import pytest

from tools.fuzz_loaders.batch import FAULTS, outcome_of
from tools.fuzz_loaders.loaders import LOADERS, files_of_each
from tools.fuzz_loaders.runs import Figures, load_figures, run_batch, save_figures, table

FILES = 1200  # in all; the whole run is `python -m tools.fuzz_loaders`
# Seeds of files that were faults once: hangs, tracebacks and errors that did not name the file.
ONCE = {
    "dataset": (3, 17),
    "checkpoint": (234,),
    "hdf5": (5, 351),
    "keras": (311,),
    "qgraph": (169, 1135),
    "sensor": (842,),
    "record": (153,),
    "scamp": (49, 74, 116, 206, 239, 255, 344, 547),
}


@pytest.mark.parametrize("name", LOADERS)
def test_files_are_taken_or_refused(name, tmp_path):
    figures = Figures()
    for seed in (*range(files_of_each(FILES, LOADERS)[name]), *ONCE.get(name, ())):
        figures.add(seed, *outcome_of(name, seed, tmp_path))
    assert not figures.faults
    assert figures.counts["refused"] > 0


def test_batches_run_in_processes_of_their_own(tmp_path):
    figures = {"noise": Figures()}
    for seed, outcome, detail in run_batch("noise", 5, 20):
        figures["noise"].add(seed, outcome, detail)
    assert figures["noise"].next_seed == 25 and sum(figures["noise"].counts.values()) == 20
    save_figures(tmp_path / "figures.json", figures)
    assert load_figures(tmp_path / "figures.json") == figures
    assert load_figures(tmp_path / "absent.json") == {}


def test_figures_are_added_up():
    first, second = Figures(), Figures()
    first.add(0, "accepted", "")
    first.add(1, "crash", "SIGSEGV")
    second.add(0, "refused", "")
    assert first.faults == {"crash: SIGSEGV": [1, ""]} and first.next_seed == 2
    assert table({"a": first, "b": second}).splitlines()[-1].split() == ["all", "3", "1", "1", "1"]
    assert set(FAULTS) >= {"hang", "crash", "memory", "code was run"}
