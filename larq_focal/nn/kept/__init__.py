"""Functions that say themselves what they keep for the backward pass, on each backend: what saves memory in training.

Each module has the same names:

    with_backward   a function with a backward pass of its own, which gets what the forward pass kept and nothing else
    over_slices     a function of a batch, computed a few samples at a time
    gradients       of a function, by its first arguments
    of_shape        a batch whose samples have a shape that is known
"""
