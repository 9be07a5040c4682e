"""What a terminal shows of an audit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from larq_focal.deploy.audit import Audit
    from larq_focal.deploy.audit.findings import Finding
    from larq_focal.deploy.audit.rows import LayerAudit

_SEVERITY_STYLE = {"error": "bold red", "warning": "yellow", "note": "cyan"}


def audit_table(audit: Audit) -> Group:
    """The rows, then size and agreement, then the findings."""
    return Group(_layers(audit), _totals(audit), *(_finding(finding) for finding in audit.findings))


def _layers(audit: Audit) -> Table:
    table = Table(title=f"What became of {escape(audit.network)}", title_justify="left", title_style="bold")
    table.add_column("Layer", overflow="fold")
    table.add_column("Meant")
    table.add_column("Became")
    table.add_column("Bytes", justify="right")
    table.add_column("Expected", justify="right")
    has_reasons = any(row.reason for row in audit.layers)
    if has_reasons:
        table.add_column("Why", ratio=3, overflow="fold")
        table.add_column("What to change", ratio=3, overflow="fold")
    for row in audit.layers:
        cells = [escape(row.layer), row.intended, _became(row), f"{row.bytes:,}", f"{row.expected_bytes:,}"]
        table.add_row(*cells, *([escape(row.reason), escape(row.mend)] if has_reasons else []))
    return table


def _became(row: LayerAudit) -> Text:
    style = "green" if row.is_as_intended else "yellow" if row.intended == "float" else "bold red"
    return Text(row.became, style)


def _totals(audit: Audit) -> Text:
    binary = [row for row in audit.layers if row.intended == "binary"]
    lines = [f"File: {audit.file_bytes:,} bytes, expected {audit.expected_bytes:,}."]
    if binary:
        lines.append(
            f"Packed: {len(binary) - len(audit.not_packed)} of {len(binary)} layers that were meant to be binary."
        )
    if few := [row for row in audit.layers if row.intended == "few-bit"]:
        kept = sum(row.is_as_intended for row in few)
        lines.append(f"Of few bits: {kept} of {len(few)} layers that were meant to be.")
    if (agreement := audit.agreement) is not None:
        lines.append(
            f"Against Keras: same class in {agreement.same_class:,} of {agreement.samples:,} samples, largest "
            f"difference {agreement.max_abs_difference:.2g} on outputs up to {agreement.max_abs_output:.3g}."
        )
    if audit.passed:
        lines.append("Passed: no fault was found that changes what it computes.")
    return Text("\n".join(lines))


def _finding(finding: Finding) -> Padding:
    text = Text(f"{finding.severity}: ", _SEVERITY_STYLE[finding.severity])
    if finding.layer:
        first, *more = finding.layer.split(", ")
        text.append(f"{first} and {len(more)} more: " if more else f"{first}: ", "bold")
    text.append(finding.message, "default")
    if finding.mend:
        text.append(f" {finding.mend}", "green")
    return Padding(text, (1, 0, 0, 0))
