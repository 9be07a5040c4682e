"""Why the file of a model is refused; importing this loads no Keras."""

from __future__ import annotations


class UntrustedModelError(ValueError):
    """Loading a model would run code that its file brings or names; the message says which part."""


class MigrationError(ValueError):
    """A saved model has something that has no counterpart in Keras 3; the message names it. No file was written."""
