"""The sums of products of a window with the filters of a layer, or the signs of these sums."""

from __future__ import annotations

import numpy as np

from larq_focal.mcu.emit.function import Function
from larq_focal.mcu.emit.lanes import in_lanes
from larq_focal.mcu.emit.layer import Layer
from larq_focal.mcu.emit.planes import plane_tables
from larq_focal.mcu.selection import Call, Kernel, Layout, chosen, lanes_for
from larq_focal.mcu.steps import Step
from larq_focal.mcu.storage import C_TYPES
from larq_focal.network import ops

_LARGEST_FAN_IN_OF_LIMITS = 2**14 - 1
"""Limits of this many products fit into 16 bits."""


class Products:
    """What multiplies the windows of a layer, written into its function.

    Attributes:
        limits: for ``lqf_binary_signs``, ``[filters]``, where signs by thresholds are all that is wanted of the sums.
        pixels_at_once: windows that are multiplied at a time: 1, or 2, whose sums are pairs then (``lqf_half``). For
            signs, ``pixels`` says in C how many are wanted.
    """

    def __init__(self, step: Step, function: Function, layer: Layer):
        self.step, self._function, self._layer = step, function, layer
        whole = function.source(0).whole
        largest = max(whole.largest, abs(int(layer.pad_value))) if layer.window in ("i8", "i16") else None
        self._call = Call(
            words=layer.words,
            fan_in=layer.fan_in,
            filters=layer.filters // layer.groups,
            largest=largest,
            is_masked=layer.needs_mask,
            groups=layer.groups,
            window=layer.window,
            pixels=layer.geometry.pixels if step.pool is None else 1,
        )
        self.limits = _limits(step, layer)
        self.pixels_at_once = self._pixels_at_once()

    def _pixels_at_once(self) -> int:
        if self.limits is not None:
            return self._chosen("binary_signs").pixels
        signs_of_numbers = self._layer.window != "bits" and self._layer.weights == "signs"
        return self._chosen("signed_WINDOW_sums").pixels if signs_of_numbers else 1

    def _weights(self, kernel: str) -> str:
        """The table of weights, as the kernel that is chosen for this plain function reads it."""
        c_type, values = self._layer.table()
        if self._layout(kernel) == "lanes":
            values = in_lanes(values, lanes_for(self._call.filters))
            return self._function.table(values, "weights", c_type, is_aligned=True)
        return self._function.table(values, "weights", c_type)

    def _limit_table(self, kernel: str) -> str:
        limits = self.limits
        if self._layout(kernel) == "lanes":
            limits = in_lanes(limits[:, None], lanes_for(self._call.filters))
        return self._function.table(limits, "limits", "int16_t")

    def _layout(self, kernel: str) -> Layout:
        return self._chosen(kernel).layout

    def _chosen(self, kernel: str) -> Kernel:
        return chosen(kernel, self._call, self._function.pieces.target)

    def scratches(self) -> None:
        """Asks for the memory that the products take."""
        if self._layer.needs_mask:
            self._function.scratch("mask", "bits", self._layer.window_words)
        if self.limits is None:
            self._function.scratch("sums", self._layer.sums, self._layer.filters)

    def write_signs(self) -> None:
        """Stores the signs of the sums of a window."""
        layer, body = self._layer, self._function.body
        if not layer.needs_mask:
            self._write_whole_signs()
            return
        with body.block(f"if (inside == {layer.geometry.taps}u)"):
            self._write_whole_signs()
        with body.block("else"):
            self._write_masked_signs()

    def _write_whole_signs(self) -> None:
        layer, function = self._layer, self._function
        kernel, sizes = "binary_signs", f"{layer.words}u, {layer.filters}u"
        if self._layout(kernel) == "planes":
            values, starts = plane_tables(layer.rows < 0, self.limits // 2 + 1)
            tables = f"{function.table(values, 'weights', 'uint64_t')}, {function.table(starts, 'starts', 'uint32_t')}"
            sizes = f"{layer.words}u, {starts.shape[1]}u, {layer.filters}u"
        else:
            tables = f"{self._weights(kernel)}, {self._limit_table(kernel)}"
        window = "window"
        if self.pixels_at_once > 1:
            window, sizes = f"window, {layer.window_stride}u", f"{sizes}, pixels"
        function.body.line(f"{function.pieces.kernel(kernel, self._call)}({window}, {tables}, {sizes}, &bits);")
        function.count("binary", self._count())

    def _write_masked_signs(self) -> None:
        self._write_mask()
        layer, function, kernel = self._layer, self._function, "masked_binary_signs"
        tables = f"{self._weights(kernel)}, {self._limit_table(kernel)}"
        sizes = f"{layer.fan_in}u - inside * {layer.geometry.depth}u, {layer.words}u, {layer.filters}u"
        function.body.line(f"{function.pieces.kernel(kernel, self._call)}(window, mask, {tables}, {sizes}, &bits);")

    def _write_mask(self) -> None:
        mask = self._function.pieces.add("window_mask")
        self._function.body.line(f"{mask}(&{self._function.geometry_name}, {self._layer.place}, mask);")

    def write_sums(self, weights: str = "", sums: str = "") -> None:
        """Computes ``sums`` of a window.

        Args:
            weights: what is added to the table of weights, to come to those of a group.
            sums: what is added to ``sums`` for it.
        """
        layer, body = self._layer, self._function.body
        if not layer.needs_mask:
            self._write_whole_sums(weights, sums)
            return
        with body.block(f"if (inside == {layer.geometry.taps}u)"):
            self._write_whole_sums(weights, sums)
        with body.block("else"):
            self._write_masked_sums(weights, sums)

    def _write_whole_sums(self, weights: str, sums: str) -> None:
        layer, function, call = self._layer, self._function, self._call
        sizes = f"{call.words}u, {call.filters}u"
        kinds = {"WINDOW_TYPE": C_TYPES[layer.window], "SUM_TYPE": "float" if layer.sums == "f32" else "int32_t"}
        kinds["WINDOW"] = layer.window
        match layer.window, layer.weights:
            case "bits", "signs":
                kind, kernel, sizes = "binary", "binary_sums", f"{call.fan_in}u, {sizes}"
            case "bits", _:
                kind, kernel = "ternary", "ternary_sums"
            case _, "floats":
                kind, kernel, sizes = "float", "float_sums", f"{call.fan_in}u, {call.filters}u"
            case _, "signs":
                kind, kernel, sizes = "integer", "signed_WINDOW_sums", f"{call.fan_in}u, {sizes}"
            case _:
                kind, kernel = "integer", "code_WINDOW_sums"
                sizes = f"{layer.field_bits}u, {call.fan_in}u, {sizes}"
        function.count("float" if layer.window == "f32" else kind, self._count())
        name = function.pieces.kernel(kernel, call, kinds)
        window = "window" if self.pixels_at_once == 1 else f"window, {layer.window_stride}u"
        function.body.line(f"{name}({window}, {self._weights(kernel)}{weights}, {sizes}, sums{sums});")

    def _count(self) -> int:
        """Products of all pixels that are computed: those that no window of a pooling has are left out."""
        pool, pixels = self.step.pool, self._layer.geometry.pixels
        if pool is not None:
            pixels = int(np.prod(pool.shape[:2])) * int(np.prod(pool.size))
        return pixels * self._layer.fan_in * self._layer.filters

    def _write_masked_sums(self, weights: str, sums: str) -> None:
        self._write_mask()
        layer, function, call = self._layer, self._function, self._call
        kernel, sizes = "masked_ternary_sums", f"{call.words}u, {call.filters}u"
        if layer.weights == "signs":
            kernel, sizes = "masked_binary_sums", f"inside * {layer.geometry.depth}u, {sizes}"
        name = function.pieces.kernel(kernel, call)
        function.body.line(f"{name}(window, mask, {self._weights(kernel)}{weights}, {sizes}, sums{sums});")


def _limits(step: Step, layer: Layer) -> np.ndarray | None:
    op, chain = step.op, step.chain
    is_plain = layer.window == "bits" and layer.weights == "signs" and layer.groups == 1
    is_sum = op.bias is None and np.all(op.kernel.scale == 1) and layer.fan_in <= _LARGEST_FAN_IN_OF_LIMITS
    if not (is_plain and is_sum and len(chain) == 1 and isinstance(chain[0], ops.Binarize)):
        return None
    sign = chain[0]
    if np.ndim(sign.threshold) > 1 or (sign.flip is not None and np.any(sign.flip)):
        return None
    least = np.ceil(np.broadcast_to(sign.threshold, (layer.filters,)).astype(np.float64))
    return (layer.fan_in - np.clip(least, -layer.fan_in - 1, layer.fan_in + 1)).astype(np.int64)
