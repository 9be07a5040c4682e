"""Runs a flatbuffer with the delegate in stock LiteRT, and with LCE's own interpreter."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType, load_delegate

from larq_focal import delegate
from larq_focal.deploy.lce_extension import lce_extension


class WithDelegate:
    """A model in LiteRT with the delegate."""

    def __init__(
        self,
        content: bytes,
        threads: int = 1,
        resize_to: Sequence[int] | None = None,
        xnnpack: bool = True,
        **options: str,
    ):
        # An interpreter does not keep the delegate that it was given.
        self._delegate = load_delegate(str(delegate.library_path()), options)
        self._interpreter = Interpreter(
            model_content=content,
            experimental_delegates=[self._delegate],
            experimental_op_resolver_type=(
                OpResolverType.AUTO if xnnpack else OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
            ),
            num_threads=threads,
        )
        if resize_to is not None:
            self._interpreter.resize_tensor_input(self._inputs()[0], resize_to, strict=False)
        self._interpreter.allocate_tensors()

    def _inputs(self) -> list[int]:
        return [detail["index"] for detail in self._interpreter.get_input_details()]

    def run(self, *inputs: np.ndarray) -> list[np.ndarray]:
        for index, array in zip(self._inputs(), inputs, strict=True):
            self._interpreter.set_tensor(index, array)
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(detail["index"]) for detail in self._interpreter.get_output_details()]

    def delegate_reads_input(self) -> bool:
        """Whether the first input goes to the delegate; without XNNPACK, which is one too."""
        nodes = self._interpreter._get_ops_details()
        return any(self._inputs()[0] in node["inputs"] for node in nodes if node["op_name"] == "DELEGATE")

    @property
    def scale(self) -> float:
        """That of the first output, if it is int8."""
        return self._interpreter.get_output_details()[0]["quantization"][0]

    def dequantized(self, output: np.ndarray) -> np.ndarray:
        """The numbers that the first output, of int8, stands for."""
        return (output.astype(np.float32) - self._interpreter.get_output_details()[0]["quantization"][1]) * self.scale


def lce_outputs(content: bytes, *inputs: np.ndarray) -> list[np.ndarray]:
    """What LCE's interpreter computes, with indirect BGEMM: its only optimized kernels that do grouped convolutions."""
    wrapper = lce_extension("tflite.python.interpreter_wrapper_lite")
    threads, use_reference_bconv, use_indirect_bgemm, use_xnnpack = 1, False, True, False
    interpreter = wrapper.LiteInterpreter(content, threads, use_reference_bconv, use_indirect_bgemm, use_xnnpack)
    return interpreter.predict(list(inputs))


def assert_same(outputs: Sequence[np.ndarray], expected: Sequence[np.ndarray], text: str) -> None:
    """Floats are equal up to rounding, all else is equal."""
    for output, wanted in zip(outputs, expected, strict=True):
        assert output.dtype == wanted.dtype, text
        if output.dtype == np.float32:
            limit = 1e-5 * np.abs(wanted).max()
            np.testing.assert_allclose(output, wanted, rtol=1e-5, atol=limit, err_msg=text)
        else:
            np.testing.assert_array_equal(output, wanted, err_msg=text)
