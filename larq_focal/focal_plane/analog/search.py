"""Finds a short program for kernels, from its last instruction to its first.

The state of the search are the kernels that registers hold at some point of the program; it starts with those wanted,
and each move explains one of them by the instruction that made it, until only the image is left. Working backwards is
how E. Stow et al., "Cain: automatic code generation for simultaneous convolutional kernels on focal-plane
sensor-processors", LCPC 2020, search; this is a beam search over states of equal cost, repeated with wider beams.
"""

from __future__ import annotations

import math
import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from larq_focal.focal_plane.analog.effort import Effort
from larq_focal.focal_plane.analog.moves import Move, Moves
from larq_focal.focal_plane.analog.packed import Lattice
from larq_focal.focal_plane.analog.register_assignment import overwritable, results
from larq_focal.focal_plane.progress import Progress, silent

_WIDTHS = (3, 10, 30, 100, 300, 1000, 3000)


@dataclass(frozen=True)
class Found:
    """The cheapest program found: moves in the order of the program, and what the search took."""

    moves: tuple[Move, ...]
    icw: int
    nodes: int


@dataclass(frozen=True)
class _Node:
    state: frozenset[int]
    icw: int
    move: Move | None = None
    after: _Node | None = None  # the rest of the program

    def program(self) -> tuple[Move, ...]:
        moves, node = [], self
        while node.move:
            moves.append(node.move)
            node = node.after
        return tuple(moves)


class Search:
    """A search for programs that make ``goals`` of ``source`` in ``registers`` registers.

    Args:
        lattice: packs the kernels.
        moves: finds moves.
        effort: guesses what kernels still take.
        goals, source: packed kernels.
        cost_icw: instruction words of a move, by mnemonic.
        registers: how many values can be held at once.
        seed: draws the order among states that look alike.
        bound_icw: words that a program must stay below.
    """

    def __init__(
        self,
        lattice: Lattice,
        moves: Moves,
        effort: Effort,
        goals: Iterable[int],
        source: int,
        cost_icw: Callable[[str], int],
        registers: int,
        seed: int,
        bound_icw: float = math.inf,
    ):
        self._lattice = lattice
        self._moves = moves
        self._goals = frozenset(goals)
        self._source = source
        self._cost_icw = cost_icw
        self._registers = registers
        self._random = random.Random(seed)
        self._effort = effort
        self._nodes = 0
        self._best: _Node | None = None
        self._bound_icw = bound_icw

    def run(self, most_nodes: int, time_limit_s: float, progress: Progress = silent) -> Found | None:
        """Searches until ``most_nodes`` states are expanded or the time is over; None where nothing was found.

        ``progress`` is called with a line of text before each pass, the next of which keeps more states.
        """
        if self._goals == {self._source}:
            return Found((), 0, 0)
        deadline = time.thread_time() + time_limit_s
        for width in _WIDTHS:
            best = f", {self._best.icw} instruction words so far" if self._best else ""
            progress(f"searching {width} states wide{best}")
            if not self._beam(width, most_nodes, deadline):
                break
        if self._best is None:
            return None
        return Found(self._best.program(), self._best.icw, self._nodes)

    def _beam(self, width: int, most_nodes: int, deadline: float) -> bool:
        """One pass that keeps the ``width`` best states of each cost; whether the limits allow another."""
        waiting: dict[int, dict[frozenset[int], _Node]] = defaultdict(dict)
        waiting[0][self._goals] = _Node(self._goals, 0)
        seen: set[frozenset[int]] = set()
        while waiting:
            icw = min(waiting)
            nodes = waiting.pop(icw)
            if icw >= self._bound_icw:
                break
            ranked = sorted(
                (self._estimate_icw(state), self._random.random(), state) for state in nodes if state not in seen
            )
            for _, _, state in ranked[:width]:
                seen.add(state)
                if self._nodes >= most_nodes or time.thread_time() > deadline:
                    return False
                self._nodes += 1
                for move in self._expanded(state):
                    self._follow(nodes[state], move, waiting)
        return True

    def _follow(self, node: _Node, move: Move, waiting: dict[int, dict[frozenset[int], _Node]]) -> None:
        state = (node.state - {move.result, move.spare}) | set(move.operands)
        if not self._fits(node.state, state, move):
            return
        icw = node.icw + self._cost_icw(move.mnemonic)
        if icw >= self._bound_icw:
            return
        child = _Node(state, icw, move, node)
        if state == {self._source}:
            self._best, self._bound_icw = child, icw
        else:
            waiting[icw].setdefault(state, child)

    def _expanded(self, state: frozenset[int]) -> Iterable[Move]:
        """Moves that only remove, where there are any; else those of the most complex kernels."""
        goals = sorted(state - {self._source})
        for goal in goals:
            removals = list(self._moves.removals(goal, state - {goal}))
            if removals:
                return removals
        goals.sort(key=lambda goal: (-self._lattice.pattern(goal).digits, goal))
        return [move for goal in goals[:2] for move in self._moves.reductions(goal, state - {goal})]

    def _estimate_icw(self, state: frozenset[int]) -> float:
        kernels = self._effort.instructions(state) * self._cost_icw("add")
        return kernels + self._effort.halvings(state) * self._cost_icw(self._moves.divide)

    def _fits(self, after: frozenset[int], before: frozenset[int], move: Move) -> bool:
        """Whether the registers hold what lives before the move, and its result beside what it must not overwrite."""
        is_overwritten = any(value not in after or value == move.result for value in overwritable(move))
        return len(before) + results(move) - is_overwritten <= self._registers
