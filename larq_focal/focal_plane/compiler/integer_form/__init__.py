"""The integer form of a network: layers and sums of layers whose signs are thresholds on whole numbers."""
