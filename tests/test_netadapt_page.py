"""The page on narrower networks is what the records say."""

from __future__ import annotations

from docs.netadapt import PAGE, page


def test_the_page_follows_from_the_records():
    assert PAGE.read_text(encoding="utf-8") == page()
