"""Reading models of Keras 2, by TensorFlow."""
