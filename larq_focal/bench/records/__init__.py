"""Run records: their schema, how they are checked, read and written, and their texts. Needs no TensorFlow."""
