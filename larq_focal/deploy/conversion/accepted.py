"""The last step of every conversion: a file that passed its audit is written, whole; any other is refused."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from larq_focal.deploy.audit.findings import Finding
from larq_focal.deploy.audit.report import Audit
from larq_focal.deploy.conversion.conversion import Conversion
from larq_focal.deploy.conversion.conversion_error import ConversionError
from larq_focal.files import written_whole


def write_accepted(content: bytes, path: str | Path, audit: Audit, strict: bool, converter: str) -> Conversion:
    """Writes the file.

    Args:
        content: the file.
        path: where it goes.
        audit: of the file.
        strict: refuse it where a layer that was meant to be binary or of few bits stayed float.
        converter: what wrote it, with its version.

    Raises:
        ConversionError: the audit found an error, or such a layer.
    """
    if not audit.passed:
        raise ConversionError(f"'{audit.network}' was not converted.\n{listed(audit.errors)}", audit)
    if strict and (refused := audit.not_as_intended):
        rows = "\n".join(
            f"- {row.layer}, meant to be {row.intended}: {row.reason}." + (f" To change: {row.fix}." if row.fix else "")
            for row in refused
        )
        raise ConversionError(
            f"'{audit.network}' was not converted: of the layers that were meant to be binary or of few bits, "
            f"{len(refused)} stayed float. Without strict they are accepted.\n{rows}",
            audit,
        )
    with written_whole(path) as file:
        file.write(content)
    return Conversion(Path(path), audit, converter)


def listed(findings: Iterable[Finding]) -> str:
    """The findings, one a line."""
    return "\n".join(
        f"- {finding.layer + ': ' if finding.layer else ''}{finding.message} {finding.fix}".rstrip()
        for finding in findings
    )
