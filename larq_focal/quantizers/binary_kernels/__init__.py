"""Kernel quantizers with two levels."""
