"""The page of the studies' results follows from them."""

from __future__ import annotations

import json

from docs.study_results import PAGE, draw, page, picture, results
from larq_focal.bench.study.study_file import study_names
from larq_focal.bench.study.summary import FORMAT
from tests.bench.study.made_up import made_up_study


def test_page_is_what_the_results_say():
    assert {study["study"] for study in results()} <= {*study_names()} and results()
    assert {study["format"] for study in results()} == {FORMAT}
    assert PAGE.read_text(encoding="utf-8") == page(), "run `make docs`"


def test_its_pictures_exist():
    for study in results():
        assert (PAGE.parent / picture(study)).stat().st_size > 5000


def test_a_new_result_gets_its_section_and_picture(tmp_path, monkeypatch):
    found = {"a": (1000, [0.8, 0.82]), "b": (None, [0.9, 0.91]), "c": (3000, [0.95, 0.96])}
    light = {0.25: [0.5, 0.6, 0.7], 1.0: [0.8, 0.9, 0.95]}
    for name, options in {"cost": {"compare": "flash_bytes", "limits": "Too few."}, "light": {"light": light}}.items():
        summary, _ = made_up_study(found, **options)
        (tmp_path / f"{name}.json").write_text(json.dumps(summary.to_dict() | {"study": name}))
    monkeypatch.setattr("docs.study_results.DATA", tmp_path)
    monkeypatch.setattr("docs.study_results.HERE", tmp_path)
    text = page()
    assert "**Most accurate is “c”: 95.50 ± 0.71 % at 2.93 KiB of flash." in text and "Too few." in text
    assert "`larq-focal study light`, 2 seeds, 1,257 training and 540 test images" in text
    assert "| light | x 1/4 | x 1 |" in text and "| c | 70.0 | 95.0 |" in text
    for study in results():
        draw(study)
        assert (tmp_path / picture(study)).stat().st_size > 5000
