import pytest

from larq_focal.text import accuracy_text, bytes_text, count_text, time_text


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


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (0.00292, "2.92 µs"),
        (0.0108, "10.8 µs"),
        (0.214, "214 µs"),
        (0.9996, "1.00 ms"),
        (27.7, "27.7 ms"),
        (2e3, "2.00 s"),
    ],
)
def test_times(milliseconds, text):
    assert time_text(milliseconds) == text


def test_an_accuracy_has_its_interval():
    assert accuracy_text({"value": 0.98764, "low": 0.9849, "high": 0.99012}) == "98.76% (98.5% to 99.0%)"
