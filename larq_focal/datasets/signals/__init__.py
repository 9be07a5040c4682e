"""Signals of inertial sensors as windows of bytes: a module for each data set, and made-up files like theirs."""
