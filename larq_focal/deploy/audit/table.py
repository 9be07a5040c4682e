"""What a terminal shows of an audit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from larq_focal.tables import add_figures, add_name, add_words, heading, listed, new_table

if TYPE_CHECKING:
    from larq_focal.deploy.audit import Audit
    from larq_focal.deploy.audit.findings import Finding
    from larq_focal.deploy.audit.rows import LayerAudit

_SEVERITY_STYLE = {"error": "bold red", "warning": "yellow", "note": "cyan"}


def audit_table(audit: Audit) -> Group:
    """The rows, then size and agreement, then why layers are not what was meant, then the findings."""
    return Group(_layers(audit), Text(), _totals(audit), *_reasons(audit), *map(_finding, audit.findings))


def _layers(audit: Audit) -> Table:
    table = new_table(f"What became of {audit.network}")
    add_name(table, "layer")
    add_words(table, "meant", "became")
    add_figures(table, heading("size", "bytes"), heading("expected", "bytes"))
    for row in audit.layers:
        table.add_row(Text(row.layer), row.intended, _became(row), f"{row.bytes:,}", f"{row.expected_bytes:,}")
    return table


def _reasons(audit: Audit) -> Iterator[Text | Padding]:
    """Why layers are not what was meant, and what to change; layers of one reason share a paragraph."""
    layers: dict[tuple[str, str], list[str]] = {}
    for row in audit.layers:
        if row.reason:
            layers.setdefault((row.reason, row.mend), []).append(row.layer)
    paragraphs = []
    for (reason, change), names in layers.items():
        text = Text.assemble((", ".join(names), "bold"), f": {reason}. ")
        paragraphs.append(text.append(f"{change[:1].upper()}{change[1:]}." if change else "", "green"))
    if paragraphs:
        yield Text()
        yield from listed("Why, and what to change", paragraphs)


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
