"""larq-zoo's networks, built natively: they load the weight files that larq-zoo writes, and compute the same."""
