"""The functions that build the networks. They need TensorFlow; ``larq_focal.zoo`` loads each with its first use."""
