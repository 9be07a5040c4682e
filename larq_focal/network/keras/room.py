"""What reading a model takes of its Keras: how it records calls, traces functions and holds numbers.

Two packages offer the same names: ``keras2``, which goes by TensorFlow, and ``keras3``, which goes by ``keras.ops``.
"""

from larq_focal.nn import is_keras_3

if is_keras_3():
    from larq_focal.network.keras.keras3 import *  # noqa: F403
else:
    from larq_focal.network.keras.keras2 import *  # noqa: F403
