"""Parts of a network with one set of weights that computes in several bit widths, for `lqf.training.every_width`."""
