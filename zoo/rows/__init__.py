"""The rows of all models, as data."""

from larq_focal.zoo.rows import cifar, focal_plane, imagenet, small
from larq_focal.zoo.rows.row import Figure, ModelRow, Published

ROWS: tuple[ModelRow, ...] = (*small.ROWS, *cifar.ROWS, *imagenet.ROWS, *focal_plane.ROWS)

__all__ = ["ROWS", "Figure", "ModelRow", "Published"]
