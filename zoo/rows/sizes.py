"""Arguments with which networks are built for a quick test."""

CIFAR, TINY, IMAGENET = {"input_shape": (16, 16, 3)}, {"input_shape": (8, 8, 1)}, {"input_shape": (64, 64, 3)}
# Their last maps are 4x4: Larq Compute Engine corrects zero padding wrongly where a map is smaller than the kernel.
LARGER = {"input_shape": (128, 128, 3), "num_classes": 10}
