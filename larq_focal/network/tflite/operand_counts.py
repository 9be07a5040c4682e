"""How many operands the operators of TensorFlow Lite take, and which of them may be left out.

From the kernels' own checks (tensorflow/lite/kernels, larq/compute-engine tflite/kernels) and the definitions of the
operators (tensorflow/compiler/mlir/lite/ir/tfl_ops.td). Interpreters read many an operand without looking first.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Operands:
    """From ``least`` to ``most`` operands (None: any number), of which those at the places ``optional`` may be -1."""

    least: int
    most: int | None
    optional: frozenset[int] = frozenset()

    def __str__(self) -> str:
        if self.most is None:
            return f"at least {self.least}"
        return str(self.least) if self.least == self.most else f"{self.least} to {self.most}"


_BY_NUMBER = {
    1: "ABS AVERAGE_POOL_2D BITCAST CAST CEIL COS DENSIFY DEPTH_TO_SPACE DEQUANTIZE ELU EXP FAKE_QUANT FLOOR GELU "
    "HARD_SWISH L2_NORMALIZATION L2_POOL_2D LEAKY_RELU LOCAL_RESPONSE_NORMALIZATION LOG LOGICAL_NOT LOGISTIC "
    "LOG_SOFTMAX MATRIX_DIAG MAX_POOL_2D NEG QUANTIZE RANK RELU RELU6 RELU_0_TO_1 RELU_N1_TO_1 ROUND RSQRT SHAPE "
    "SIGN SIN SOFTMAX SPACE_TO_DEPTH SQRT SQUARE SQUEEZE TANH UNIQUE UNPACK WHERE ZEROS_LIKE LceBMaxPool2d "
    "LceDequantize LceQuantize",
    2: "ADD ARG_MAX ARG_MIN ATAN2 BATCH_MATMUL BITWISE_XOR BROADCAST_ARGS BROADCAST_TO CUMSUM DIV EMBEDDING_LOOKUP "
    "EQUAL EXPAND_DIMS FILL FLOOR_DIV FLOOR_MOD GATHER GATHER_ND GREATER GREATER_EQUAL LESS LESS_EQUAL "
    "LOGICAL_AND LOGICAL_OR MATRIX_SET_DIAG MAXIMUM MEAN MINIMUM MIRROR_PAD MUL NOT_EQUAL PAD POW PRELU "
    "REDUCE_ALL REDUCE_ANY REDUCE_MAX REDUCE_MIN REDUCE_PROD RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR "
    "REVERSE_SEQUENCE REVERSE_V2 RFFT2D RIGHT_SHIFT SEGMENT_SUM SPLIT SQUARED_DIFFERENCE SUB SUM TILE TOPK_V2 "
    "TRANSPOSE",
    3: "BATCH_TO_SPACE_ND DILATE DYNAMIC_UPDATE_SLICE HASHTABLE_LOOKUP PADV2 RANGE SCATTER_ND SELECT SELECT_V2 SLICE "
    "SPACE_TO_BATCH_ND SPLIT_V UNSORTED_SEGMENT_MAX UNSORTED_SEGMENT_MIN UNSORTED_SEGMENT_PROD "
    "UNSORTED_SEGMENT_SUM",
    4: "ONE_HOT SPARSE_TO_DENSE STRIDED_SLICE",
    5: "RNN UNIDIRECTIONAL_SEQUENCE_RNN",
}
_LSTM = frozenset({1, 5, 9, 10, 11, 12, 16, 17, 20, 21, 22, 23})
"""Weights of the input gate, peepholes, the projection and normalisations."""

OPERANDS: dict[str, Operands] = {
    **{kind: Operands(number, number) for number, kinds in _BY_NUMBER.items() for kind in kinds.split()},
    "ADD_N": Operands(1, None),
    "CONCATENATION": Operands(1, None),
    "CONV_2D": Operands(2, 3, frozenset({2})),
    "CONV_3D": Operands(2, 3, frozenset({2})),
    "CONV_3D_TRANSPOSE": Operands(3, 4, frozenset({3})),
    "DEPTHWISE_CONV_2D": Operands(3, 3),
    "EMBEDDING_LOOKUP_SPARSE": Operands(5, 5),
    "FULLY_CONNECTED": Operands(2, 3, frozenset({2})),
    "LSTM": Operands(5, 24, _LSTM),
    "LceBconv2d": Operands(5, 6, frozenset({2, 3, 4, 5})),
    "LqfConv2d": Operands(4, 4, frozenset({3})),
    "LqfDepthwiseConv2d": Operands(4, 4, frozenset({3})),
    "LqfFullyConnected": Operands(4, 4, frozenset({3})),
    "LqfQuantize": Operands(2, 2),
    "PACK": Operands(1, None),
    "RESHAPE": Operands(1, 2),
    "SVDF": Operands(5, 5, frozenset({3})),
    "TRANSPOSE_CONV": Operands(3, 4, frozenset({3})),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": Operands(20, 24, _LSTM),
}
"""By the kind of operator. Kinds that are missing here may have any operands, and leave out any."""
