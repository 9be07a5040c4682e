"""The errors of a conversion."""

from __future__ import annotations


class ConversionError(RuntimeError):
    """A model cannot be converted, or was not; the message says why and what to change. No file was written.

    ``audit`` holds the audit of the refused result, None where the conversion did not come that far.
    """

    def __init__(self, message: str, audit=None):
        super().__init__(message)
        self.audit = audit


class NotWritable(ConversionError):
    """The network holds something that larq_focal's own converter cannot write; another one may take it."""
