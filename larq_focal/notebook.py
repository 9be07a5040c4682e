"""What rich prints, as HTML for notebooks: tables as tables, in colours that read on white and on black."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any

from rich.console import Console, Group
from rich.padding import Padding
from rich.protocol import rich_cast
from rich.style import Style
from rich.table import Table
from rich.text import Text

from larq_focal.plain_text import as_text

_COLOURS = {"red": "#d9534f", "green": "#2e9e5b", "yellow": "#b8860b", "cyan": "#2a94a8", "magenta": "#b05cc0"}
_RULE = "1px solid rgba(127, 127, 127, .45)"
_CELL = "padding: .15em .8em .15em 0; vertical-align: top; background: none; border: 0"


def as_html(renderable: Any) -> str:
    """HTML of a result or of anything that rich prints; what has no form of its own there is shown as text."""
    return f'<div style="overflow-x: auto">{_part(renderable)}</div>'


def _part(item: Any) -> str:
    item = rich_cast(item)
    if isinstance(item, str):
        item = Text.from_markup(item)
    if isinstance(item, Text):
        return f'<p style="margin: .2em 0">{_inline(item)}</p>'
    if isinstance(item, Group):
        return "".join(map(_part, item.renderables))
    if isinstance(item, Padding):
        return f'<div style="margin-left: {item.left}ch">{_part(item.renderable)}</div>'
    if isinstance(item, Table):
        return _table(item)
    return f"<pre>{escape(as_text(item))}</pre>"


def _table(table: Table) -> str:
    parts = ['<table style="color: inherit; border-collapse: collapse; margin: .4em 0">']
    if table.title:
        parts.append(f'<caption style="caption-side: top; text-align: left">{_cell(table.title)}</caption>')
    if table.show_header and any(column.header for column in table.columns):
        cells = _row(table, (column.header for column in table.columns), "th", f"border-bottom: {_RULE}")
        parts.append(f"<thead>{cells}</thead>")
    rows = zip(*(column.cells for column in table.columns), strict=True)
    body = "".join(_row(table, cells, "td") for cells in rows)
    parts.append(f"<tbody>{body}</tbody>")
    if table.show_footer:
        cells = _row(table, (column.footer for column in table.columns), "td", f"border-top: {_RULE}")
        parts.append(f"<tfoot>{cells}</tfoot>")
    parts.append("</table>")
    if table.caption:
        parts.append(_part(table.caption))
    return "".join(parts)


def _row(table: Table, cells: Iterable[Any], tag: str, style: str = "") -> str:
    shown = (
        f'<{tag} style="{_CELL}; text-align: {column.justify}; {style}">{_cell(cell)}</{tag}>'
        for column, cell in zip(table.columns, cells, strict=True)
    )
    return f'<tr style="background: none">{"".join(shown)}</tr>'


def _cell(cell: Any) -> str:
    cell = rich_cast(cell)
    if isinstance(cell, str):
        cell = Text.from_markup(cell)
    return _inline(cell) if isinstance(cell, Text) else _part(cell)


def _inline(text: Text) -> str:
    """A text with its styles."""
    parts = []
    for segment in text.render(Console(), end=""):
        content, css = escape(segment.text).replace("\n", "<br>"), _css(segment.style)
        parts.append(f'<span style="{css}">{content}</span>' if css else content)
    return "".join(parts)


def _css(style: Style | None) -> str:
    if style is None:
        return ""
    colour = _COLOURS.get(style.color.name) if style.color else None
    facts = (
        ("font-weight: bold", style.bold),
        ("opacity: .7", style.dim),
        (f"color: {colour}", colour),
    )
    return "; ".join(css for css, holds in facts if holds)
