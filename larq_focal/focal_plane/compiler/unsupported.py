"""The error of networks that the array cannot run."""


class UnsupportedError(ValueError):
    """The array cannot run a part of the network; the message names the layer, the reason and the mend."""
