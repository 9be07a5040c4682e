"""Reading Keras models and their files; the one part of the network that needs Keras."""
