"""The instruction set as text."""

from __future__ import annotations

from larq_focal.focal_plane.machine.forms import HALVES, MACROS, WORDS, Form


def reference() -> str:
    """All instructions and macros as two Markdown tables."""
    words = [f"| `{form.usage}` | {form.clock} | {_cell(form.text)} |" for form in WORDS + HALVES]
    macros = [
        f"| `{form.usage}` | {len(form.expansion)} | {_cell(form.text)} | {_cell(_expansion(form))} |"
        for form in MACROS
    ]
    return "\n".join(
        [
            *("| instruction | class | meaning |", "|---|---|---|", *words, ""),
            *("| macro | words | meaning | expansion |", "|---|---|---|---|", *macros, ""),
        ]
    )


def _expansion(form: Form) -> str:
    return "; ".join(line.translate(str.maketrans("", "", "{}")) for line in form.expansion)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
