"""Fits of networks to sensors: costs by formulas, verdicts by programs, and the smallest changes that fit."""
