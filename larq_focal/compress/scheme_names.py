"""The names of the ways to choose levels; loads nothing, for the command line."""

from __future__ import annotations

from typing import Literal, get_args

Scheme = Literal["least squares", "largest weight", "asymmetric", "powers of two", "fixed point"]
SCHEME_NAMES: tuple[Scheme, ...] = get_args(Scheme)
