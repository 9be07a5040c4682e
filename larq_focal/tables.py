"""The look of the tables that results print: no boxes, headings in full, wide enough for names in 80 columns.

Pages have theirs in Markdown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from rich.box import SIMPLE_HEAD
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

NAME_WIDTH = 20


def new_table(title: str | Text | None = None, *, footer: bool = False, tight: bool = False) -> Table:
    """An empty table with its title to the left.

    Args:
        title: above the table.
        footer: whether there is a last row, for totals.
        tight: one space between columns instead of two, for many columns.
    """
    if isinstance(title, str):
        title = Text(title, style="bold")
    return Table(
        title=title,
        title_justify="left",
        title_style="not italic",
        show_footer=footer,
        box=SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=0 if tight else (0, 1, 0, 0),
        collapse_padding=True,
    )


def add_name(table: Table, heading: str, footer: str = "") -> None:
    """A first column of names, which are folded rather than cut."""
    table.add_column(heading, footer, overflow="fold", min_width=NAME_WIDTH)


def add_words(table: Table, *headings: str) -> None:
    """Columns of short words, which are never wrapped."""
    for heading in headings:
        table.add_column(heading, no_wrap=True)


def add_figures(table: Table, *headings: str | tuple[str, str]) -> None:
    """Columns of figures, to the right; a heading may come with its footer."""
    for heading in headings:
        name, footer = heading if isinstance(heading, tuple) else (heading, "")
        table.add_column(name, footer, justify="right", no_wrap=True)


def heading(name: str, unit: str) -> str:
    """A heading with the unit of its column below it."""
    return f"{name}\n{unit}"


def facts(rows: Mapping[str, str], title: str | None = None) -> Table:
    """Names beside values."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.title, table.title_justify = title and Text(title, style="bold"), "left"
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows.items():
        table.add_row(Text(name, style="dim"), Text(value))
    return table


def listed(title: str, lines: Iterable[str | Text]) -> Iterator[Text | Padding]:
    """A heading and its lines, indented; nothing where there are none."""
    lines = list(lines)
    if lines:
        yield Text(title, style="bold")
        for line in lines:
            yield Padding(line if isinstance(line, Text) else Text(line), (0, 0, 0, 2))


def pipe_table(header: Sequence[str], body: Iterable[Sequence[str]], right: Sequence[str] = ()) -> str:
    """A Markdown table of any cells; columns named in ``right`` are set to the right."""
    rule = ["---:" if name in right else "---" for name in header]
    cells = [header, rule, *([cell.replace("|", "\\|") for cell in line] for line in body)]
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)
