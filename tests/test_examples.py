"""The notebooks of ``examples/`` run from their first cell to the last, and are kept with what their cells gave."""

from __future__ import annotations

import json

import pytest

from larq_focal._keras_version import is_keras_3
from tests.support.processes import ROOT

NOTEBOOKS = sorted((ROOT / "examples").glob("*.ipynb"))
OF_LARQ = {"migrate_from_larq"}


def code_cells(path) -> list[dict]:
    return [cell for cell in json.loads(path.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_kept_with_its_outputs(path):
    cells = code_cells(path)
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell["outputs"]]
    assert len(outputs) >= len(cells) / 2
    assert not [output for output in outputs if output["output_type"] == "error" or output.get("name") == "stderr"]
    assert path.stat().st_size < 200_000


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs(path, tmp_path, monkeypatch):
    if path.stem in OF_LARQ and is_keras_3():
        pytest.skip("of Larq's stack: run it on Python 3.10 to 3.12 with LARQ_FOCAL_STACK=larq")
    import nbformat
    from nbclient import NotebookClient

    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    notebook = nbformat.read(path, as_version=4)
    resources = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, timeout=600, kernel_name="python3", resources=resources).execute()
