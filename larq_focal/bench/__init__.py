"""The benchmark, studies, and runs of single recipes, each to its record; scores and checks of such records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from larq_focal.lazy_door import lazy_door

if TYPE_CHECKING:
    from larq_focal.bench.leaderboard import check_results
    from larq_focal.bench.recipe_run import run_recipe
    from larq_focal.bench.runner import run_bench
    from larq_focal.bench.score import scorecard
    from larq_focal.bench.study.study_run import run_study
    from larq_focal.bench.suite import SIGNAL_SUITE, SUITE, Entry
    from larq_focal.bench.timings import retime

__all__ = [
    "SIGNAL_SUITE",
    "SUITE",
    "Entry",
    "check_results",
    "retime",
    "run_bench",
    "run_recipe",
    "run_study",
    "scorecard",
]


if not TYPE_CHECKING:  # to a type checker this would make every name one of ours
    __getattr__, __dir__ = lazy_door(
        __name__,
        {
            "leaderboard": ("check_results",),
            "recipe_run": ("run_recipe",),
            "runner": ("run_bench",),
            "score": ("scorecard",),
            "study.study_run": ("run_study",),
            "suite": ("SIGNAL_SUITE", "SUITE", "Entry"),
            "timings": ("retime",),
        },
    )
