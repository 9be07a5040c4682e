"""The frozen graph of a Keras model, and Larq Compute Engine's converter in a process of its own."""
