"""Quantizers with three levels or more."""
