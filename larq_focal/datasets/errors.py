"""What goes wrong with data sets."""

from __future__ import annotations


class DatasetError(ValueError):
    """A data set is missing or is not what it should be; the message names the file and the fix."""
