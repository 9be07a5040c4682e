"""Studies: one question over many networks, each trained and judged as the benchmark does, with one page of results."""

from __future__ import annotations

from typing import TYPE_CHECKING

from larq_focal.lazy_door import lazy_door

if TYPE_CHECKING:
    from larq_focal.bench.study.study_file import Study, StudyError, load_study, study_names
    from larq_focal.bench.study.study_run import run_study

__all__ = ["Study", "StudyError", "load_study", "run_study", "study_names"]


if not TYPE_CHECKING:  # to a type checker this would make every name one of ours
    __getattr__, __dir__ = lazy_door(
        __name__,
        {
            "study_file": ("Study", "StudyError", "load_study", "study_names"),
            "study_run": ("run_study",),
        },
    )
