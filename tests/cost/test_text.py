import pytest

from larq_focal.cost.text import bytes_text, count_text


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0"), (7, "7"), (999, "999"), (1000, "1.00 k"), (12_345, "12.3 k"), (999_900, "1.00 M"), (4e9, "4.00 G")],
)
def test_counts(count, text):
    assert count_text(count) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (1024, "1.00 KiB"), (1024 * 1023.9, "1.00 MiB"), (3 << 20, "3.00 MiB")],
)
def test_bytes(count, text):
    assert bytes_text(count) == text
