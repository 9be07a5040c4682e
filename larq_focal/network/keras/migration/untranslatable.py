"""The error of a migration."""

from __future__ import annotations


class MigrationError(ValueError):
    """A saved model has something that has no counterpart in Keras 3; the message names it. No file was written."""
