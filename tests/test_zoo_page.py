"""The page of the zoo's trained networks follows from their records."""

from docs.zoo_results import CURVE, PAGE, page


def test_page_is_what_the_records_say():
    assert PAGE.read_text() == page(), "run `make docs`"


def test_its_curve_exists():
    assert (PAGE.parent / CURVE).stat().st_size > 5000
