"""Adaptive sensing: programs that keep planes between frames, and what one frame decides for the next."""

from larq_focal.focal_plane.adaptive.moving_digits import DigitSequence, moving_digits
from larq_focal.focal_plane.adaptive.network_tree import NetworkTree, TreeFrame
from larq_focal.focal_plane.adaptive.outcomes import AdaptiveReport, Event, Outcome, adaptive_report
from larq_focal.focal_plane.adaptive.pixel_rnn import PixelRnn, RecurrentWeights, recurrent_reference
from larq_focal.focal_plane.adaptive.runner import Frame, FrameRecord, Message, Policy, watch
from larq_focal.focal_plane.adaptive.template_classifier import TemplateClassifier, train_templates
from larq_focal.focal_plane.adaptive.two_networks import TwoNetworks

__all__ = [
    "AdaptiveReport",
    "DigitSequence",
    "Event",
    "Frame",
    "FrameRecord",
    "Message",
    "NetworkTree",
    "Outcome",
    "PixelRnn",
    "Policy",
    "RecurrentWeights",
    "TemplateClassifier",
    "TreeFrame",
    "TwoNetworks",
    "adaptive_report",
    "moving_digits",
    "recurrent_reference",
    "train_templates",
    "watch",
]
