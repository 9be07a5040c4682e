"""Data sets of your own images: a module for each layout that they may have."""
