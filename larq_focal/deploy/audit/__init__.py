"""What became of each layer of a Keras model in a converted file, and whether the file computes the same."""

from larq_focal.deploy.audit.auditing import Audit, audit

__all__ = ["Audit", "audit"]
