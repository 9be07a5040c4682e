"""Input quantizers with two levels."""
