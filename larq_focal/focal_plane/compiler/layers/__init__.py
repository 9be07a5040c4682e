"""What the array computes of one-bit maps: convolutions and their sums, thresholds, pooling, dense layers."""
