"""The page of the zoo's trained networks follows from their records."""

from docs.zoo_results import COMPARISON, CURVE, PAGE, page


def test_page_is_what_the_records_say():
    assert PAGE.read_text() == page(), "run `make docs`"


def test_its_pictures_exist():
    for picture in (CURVE, COMPARISON):
        assert (PAGE.parent / picture).stat().st_size > 5000
