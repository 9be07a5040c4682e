"""The result of an audit, and what a terminal shows of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from larq_focal.deploy.audit.agreement import Agreement
from larq_focal.deploy.audit.findings import Finding
from larq_focal.deploy.audit.int8_loss import Int8Loss
from larq_focal.deploy.audit.layer_audit import LayerAudit
from larq_focal.result import Result
from larq_focal.tables import add_figures, add_name, add_words, heading, listed, new_table
from larq_focal.text import counted

_SEVERITY_STYLE = {"error": "bold red", "warning": "yellow", "note": "cyan"}


@dataclass(frozen=True, repr=False)
class Audit(Result):
    """What a conversion made of a model.

    Args:
        network: the model's name.
        file_bytes: size of the file.
        expected_bytes: what it would be if every layer took what it declared.
        layers: one row for each kernel.
        agreement: outputs against those of what was converted; None where the file does not load.
        findings: faults and what else is to be known, errors first.
        int8: what int8 costs, where larq_focal's converter rounded what is not binary to it. The agreement is with the
            network so rounded, and this tells how far that is from the network itself.
    """

    network: str
    file_bytes: int
    expected_bytes: int
    layers: tuple[LayerAudit, ...]
    agreement: Agreement | None
    findings: tuple[Finding, ...]
    int8: Int8Loss | None = None

    @property
    def passed(self) -> bool:
        """Whether the file computes what the model computes, as far as could be seen: there is no error."""
        return not self.errors

    @property
    def errors(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.severity == "error")

    @property
    def all_packed(self) -> bool:
        """Whether every layer that was meant to be binary is packed."""
        return not self.not_packed

    @property
    def not_packed(self) -> tuple[LayerAudit, ...]:
        """The layers that were meant to be binary and are not packed."""
        return tuple(row for row in self.layers if row.intended == "binary" and not row.is_as_intended)

    @property
    def not_as_intended(self) -> tuple[LayerAudit, ...]:
        """The layers that were meant to be binary or of few bits and are not: what ``strict`` refuses."""
        return tuple(row for row in self.layers if row.intended != "float" and not row.is_as_intended)

    @property
    def headline(self) -> str:
        binary = sum(row.intended == "binary" for row in self.layers)
        outcome = "passed" if self.passed else f"{counted(len(self.errors), 'error')}"
        packed = f"{binary - len(self.not_packed)} of {binary} binary layers packed"
        return f"{self.network}, {outcome}, {packed}, {self.file_bytes:,} bytes"

    def to_dict(self) -> dict:
        """Plain values for JSON."""
        return {
            "network": self.network,
            "file_bytes": self.file_bytes,
            "expected_bytes": self.expected_bytes,
            "passed": self.passed,
            "layers": [row.to_dict() for row in self.layers],
            "agreement": self.agreement and self.agreement.to_dict(),
            "findings": [finding.to_dict() for finding in self.findings],
            "int8": self.int8 and self.int8.to_dict(),
        }

    def __rich__(self) -> Group:
        """The rows, then size and agreement, then why layers are not what was meant, then the findings."""
        return Group(_layers(self), Text(), _totals(self), *_reasons(self), *map(_finding, self.findings))


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
            layers.setdefault((row.reason, row.fix), []).append(row.layer)
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
            f"Against {agreement.reference}: same class in {agreement.same_class:,} of {agreement.samples:,} samples, "
            f"largest difference {agreement.max_abs_difference:.2g} on outputs up to {agreement.max_abs_output:.3g}."
        )
    if audit.int8 is not None:
        lines.append(str(audit.int8))
    if audit.passed:
        lines.append("Passed: no fault was found that changes what it computes.")
    return Text("\n".join(lines))


def _finding(finding: Finding) -> Padding:
    text = Text(f"{finding.severity}: ", _SEVERITY_STYLE[finding.severity])
    if finding.layer:
        first, *more = finding.layer.split(", ")
        text.append(f"{first} and {len(more)} more: " if more else f"{first}: ", "bold")
    text.append(finding.message, "default")
    if finding.fix:
        text.append(f" {finding.fix}", "green")
    return Padding(text, (1, 0, 0, 0))
