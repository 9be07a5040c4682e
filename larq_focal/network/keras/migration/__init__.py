"""Saved models of Keras 2 and Larq as files of Keras 3."""
