"""Digital processors for binary networks of one fixed structure, such as BinarEye: rules, memory and energy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from larq_focal.lazy_door import lazy_door

if TYPE_CHECKING:
    from larq_focal.fixed_processors.judgement import judge_network
    from larq_focal.fixed_processors.known_processors import processor_names
    from larq_focal.fixed_processors.processor import BinaryProcessor, PublishedEnergy, load_processor
    from larq_focal.fixed_processors.processor_fit import ProcessorFit, ProcessorLayer

__all__ = [
    "BinaryProcessor",
    "ProcessorFit",
    "ProcessorLayer",
    "PublishedEnergy",
    "judge_network",
    "load_processor",
    "processor_names",
]


if not TYPE_CHECKING:  # to a type checker this would make every name one of ours
    __getattr__, __dir__ = lazy_door(
        __name__,
        {
            "judgement": ("judge_network",),
            "known_processors": ("processor_names",),
            "processor": ("BinaryProcessor", "PublishedEnergy", "load_processor"),
            "processor_fit": ("ProcessorFit", "ProcessorLayer"),
        },
    )
