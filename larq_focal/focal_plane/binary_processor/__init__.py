"""Digital processors for binary networks of one fixed structure, such as BinarEye: rules, memory and energy."""

from larq_focal.focal_plane.binary_processor.judge import judge_network
from larq_focal.focal_plane.binary_processor.processor import (
    BinaryProcessor,
    PublishedEnergy,
    load_processor,
)
from larq_focal.focal_plane.binary_processor.report import ProcessorFit, ProcessorLayer

__all__ = [
    "BinaryProcessor",
    "ProcessorFit",
    "ProcessorLayer",
    "PublishedEnergy",
    "judge_network",
    "load_processor",
]
