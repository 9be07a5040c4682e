"""The HTML file by itself: whole, self-contained, and never what a record makes of it."""

import json
import subprocess
import sys
from html.parser import HTMLParser

import pytest
from plotly.offline import get_plotlyjs_version

from larq_focal.report import write_report
from tests.support.records import NASTY, fake_record, six_runs


class Page(HTMLParser):
    """Collects elements, what they refer to, and the text of scripts and of all else."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.references, self.ids, self.scripts, self.texts = [], [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.scripts += [""] * (tag == "script")
        self.references += [value for name, value in attributes if name in ("src", "href", "action", "data")]
        self.ids += [value for name, value in attributes if name == "id"]
        assert not any(name.startswith("on") for name, _ in attributes)

    def handle_data(self, data):
        if self.cdata_elem == "script":
            self.scripts[-1] += data
        else:
            self.texts.append(data)


def page_of(tmp_path, records):
    return Page(write_report(records, tmp_path / "report.html").read_text(encoding="utf-8"))


def nasty_record():
    record = fake_record("gumbel") | {"title": NASTY, "run": NASTY}
    record["dataset"] |= {"title": NASTY, "name": NASTY, "source": NASTY, "classes": [f"{NASTY}{n}" for n in range(10)]}
    record["environment"] |= {"git": NASTY, "versions": {NASTY: NASTY}, "machine": {NASTY: NASTY}}
    record["timing"] |= {"engine": NASTY, "machine": {"cpu": NASTY}}
    record["audit"]["layers"][1] |= {"layer": NASTY, "reason": NASTY, "fix": NASTY, "became": NASTY}
    record["audit"]["findings"][0] |= {"severity": NASTY, "message": NASTY, "fix": NASTY}
    record["fit"] |= {
        "sensor": NASTY,
        "verdict": NASTY,
        "smallest_change": NASTY,
        "changes": [NASTY],
        "unknown": [NASTY],
        "registers": NASTY,
    }
    record["fit"]["layers"][1] |= {"name": NASTY, "verdict": NASTY, "placement": NASTY, "notes": [NASTY]}
    record["fit"]["layers"][1]["registers"][0] |= {"register": NASTY, "role": NASTY}
    return record


def test_the_page_refers_to_nothing_outside(tmp_path):
    page = page_of(tmp_path, six_runs())
    assert page.references[0] == "data:,"
    assert {reference.partition(";")[0] for reference in page.references[1:]} == {"data:image/png"}
    assert page.tags.count("script") == 3
    assert sum(f"plotly.js v{get_plotlyjs_version()}" in script for script in page.scripts) == 1


def test_ids_are_unique(tmp_path):
    records = six_runs()
    for record in records[3:]:
        record["dataset"]["name"] = "other"
    ids = page_of(tmp_path, records).ids
    assert len(ids) == len(set(ids))


def test_text_of_records_stays_text(tmp_path):
    plain, nasty = page_of(tmp_path, [fake_record("gumbel")]), page_of(tmp_path, [nasty_record()])
    assert sorted(set(nasty.tags)) == sorted(set(plain.tags))
    assert nasty.tags.count("script") == plain.tags.count("script") == 3
    assert any(NASTY in text for text in nasty.texts)


def test_figures_are_json(tmp_path):
    figures = json.loads(page_of(tmp_path, [nasty_record()]).scripts[0])
    assert len(figures) == 6


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"fit": None}, "The register fit of this run was not judged."),
        ({"timing": None}, "No run was timed."),
        ({"history": []}, "The records hold no training history."),
    ],
)
def test_what_is_missing_is_said(tmp_path, changes, text):
    assert any(text in part for part in page_of(tmp_path, [fake_record(**changes)]).texts)


def test_a_microcontroller_stands_beside_the_latency_with_its_estimates_named(tmp_path):
    record = fake_record()
    texts = [text.strip() for text in page_of(tmp_path, [record]).texts]
    assert texts[texts.index("19.4 ms") + 1] == "estimate"  # in the table of all runs
    assert "19.4 ms (estimate)" in texts  # inside the run
    assert "232 µJ (estimate)" in texts
    record["microcontroller"] |= {"estimated_latency_ms": None, "estimated_energy_uj": None, "clock_hz": None}
    record["microcontroller"]["notes"] = ["To count instructions, install <b>qemu</b>."]
    texts = [text.strip() for text in page_of(tmp_path, [record]).texts]
    assert texts.count("1.55 M") == 2 and texts.count("unknown") >= 2
    assert "To count instructions, install <b>qemu</b>." in texts


def test_importing_the_report_loads_nothing_heavy():
    code = "import sys, larq_focal.report; print(*{'tensorflow', 'pandas', 'plotly', 'jinja2'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == ""
