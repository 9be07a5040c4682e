"""What became of each layer of a Keras model in a converted file, and whether the file computes the same."""

from larq_focal.deploy.audit.auditing import audit
from larq_focal.deploy.audit.report import Audit

__all__ = ["Audit", "audit"]
