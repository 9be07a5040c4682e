"""What an adaptation gives: a row for each iteration, with all that was tried, as a table and as plain data."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from rich.console import Group
from rich.text import Text

from larq_focal.result import Result
from larq_focal.tables import add_figures, add_name, new_table


@dataclass(frozen=True)
class Trial:
    """A candidate: a block narrowed to ``width``, with its cost, and its accuracy after the few steps of training."""

    block: str
    width: int
    cost: float
    accuracy: float


@dataclass(frozen=True)
class Iteration:
    """What one iteration did: ``block`` is the one that was narrowed, "" where the cost met the target already.

    ``accuracy`` is that of all images held out, ``cost`` that of ``widths``, ``target`` what it had to meet.
    """

    number: int
    target: float
    block: str
    widths: dict[str, int]
    cost: float
    accuracy: float
    trials: tuple[Trial, ...]
    seconds: float


@dataclass(frozen=True, repr=False)
class Adaptation(Result):
    """A network made narrower.

    ``settings`` tell how; ``first_widths``, ``cost`` and ``accuracy`` are those of the network before; ``model`` is the
    network that came out, None in a log that was read.
    """

    settings: dict[str, Any]
    first_widths: dict[str, int]
    cost: float
    accuracy: float
    iterations: tuple[Iteration, ...]
    model: Any = field(default=None, compare=False)

    @property
    def widths(self) -> dict[str, int]:
        return self.iterations[-1].widths if self.iterations else self.first_widths

    @property
    def last_cost(self) -> float:
        return self.iterations[-1].cost if self.iterations else self.cost

    @property
    def last_accuracy(self) -> float:
        return self.iterations[-1].accuracy if self.iterations else self.accuracy

    @property
    def headline(self) -> str:
        return (
            f"{self.settings['network']}, {len(self.iterations)} iterations, {self.settings['metric']} "
            f"{1 - self.last_cost / self.cost:.1%} less, accuracy {self.accuracy:.2%} to {self.last_accuracy:.2%}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "settings": self.settings,
            "first_widths": self.first_widths,
            "cost": self.cost,
            "accuracy": self.accuracy,
            "iterations": [asdict(iteration) for iteration in self.iterations],
        }

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> Adaptation:
        """The adaptation that ``to_dict`` wrote.

        Raises:
            KeyError, TypeError: it wrote something else.
        """
        iterations = tuple(
            Iteration(**{**row, "trials": tuple(Trial(**trial) for trial in row["trials"])})
            for row in record["iterations"]
        )
        return cls(
            **{
                **{name: record[name] for name in ("settings", "first_widths", "cost", "accuracy")},
                "iterations": iterations,
            }
        )

    def __rich__(self):
        table = new_table(f"NetAdapt of {self.settings['network']} by {self.settings['metric']}")
        add_name(table, "narrowed")
        add_figures(table, "number", "width", "target", "cost", "accuracy", "tried")
        table.add_row("as it was", "0", "", "", f"{self.cost:.4g}", f"{self.accuracy:.2%}", "")
        for row in self.iterations:
            figures = (f"{row.target:.4g}", f"{row.cost:.4g}", f"{row.accuracy:.2%}", str(len(row.trials)))
            width = str(row.widths[row.block]) if row.block else ""
            table.add_row(row.block or "nothing: met already", str(row.number), width, *figures)
        widths = ", ".join(
            f"{name} {self.first_widths[name]} to {width}"
            for name, width in self.widths.items()
            if width != self.first_widths[name]
        )
        return Group(table, Text(), Text(f"Widths: {widths or 'as they were'}."), Text(f"{self.headline}.", "bold"))
