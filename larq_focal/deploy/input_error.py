"""What is wrong with an input file."""


class InputError(ValueError):
    """An input file is damaged or does not fit the network; the message names it."""
