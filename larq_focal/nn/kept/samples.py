"""The size of a slice."""

SAMPLES = 8
"""What is computed in float32 at a time."""
