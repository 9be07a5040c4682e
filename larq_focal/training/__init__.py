"""What the training of few-bit networks takes beside quantizers and layers."""

from larq_focal.training.normalisations import recalibrate_normalisations

__all__ = ["recalibrate_normalisations"]
