"""Layers and a quantizer that train more than inference needs, and are a plain layer then; for `lqf.training.fold`."""
