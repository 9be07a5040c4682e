"""The function of a convolution or dense layer."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from larq_focal.mcu.emit.chain import applied
from larq_focal.mcu.emit.expression import Expression, loaded
from larq_focal.mcu.emit.fixed_point import FixedPoint, fixed_point
from larq_focal.mcu.emit.function import Function
from larq_focal.mcu.emit.lanes import lane_tables
from larq_focal.mcu.emit.layer import Layer, layer_of
from larq_focal.mcu.emit.planes import plane_tables
from larq_focal.mcu.emit.text import number
from larq_focal.mcu.selection import Call, chosen
from larq_focal.mcu.steps import Step
from larq_focal.mcu.storage import C_TYPES
from larq_focal.mcu.whole import sum_range
from larq_focal.network import ops
from larq_focal.network.packing import words_for

_LARGEST_FAN_IN_OF_LIMITS = 2**14 - 1
"""Limits of this many products fit into 16 bits."""
_MOST_SUMS = 2**18
"""That integers are held against floats for."""


def write_layer(step: Step, function: Function) -> None:
    """Writes the loops over pixels and groups: a window, its sums with all filters, and what follows them."""
    op, source = step.op, function.source(0)
    layer = layer_of(op, source.shape, source.storage, source.whole, step.padding)
    largest = max(source.whole.largest, abs(int(layer.pad_value))) if layer.window == "i16" else None
    filters = layer.filters // layer.groups
    call = Call(layer.words, layer.fan_in, filters, largest=largest, is_masked=layer.needs_mask)
    _Loops(step, function, layer, call).write()


class _Loops:
    def __init__(self, step: Step, function: Function, layer: Layer, call: Call):
        self.step, self.function, self.layer, self.call = step, function, layer, call
        self.body = function.body
        self.limits = self._limits()
        self.kernel = chosen("binary_signs", call, function.pieces.target)[0]

    @cached_property
    def weights(self) -> str:
        """The table of weights, filter by filter."""
        c_type, values = self.layer.table()
        return self.function.table(values, "weights", c_type)

    @cached_property
    def limit_table(self) -> str:
        return self.function.table(self.limits, "limits", "int16_t")

    def write(self) -> None:
        layer, function, body = self.layer, self.function, self.body
        g = layer.geometry
        if not layer.is_direct:
            function.geometry(g)
            function.scratch("window", layer.window, layer.window_words)
        if layer.needs_mask:
            function.scratch("mask", "bits", layer.window_words)
        if self.limits is None or layer.needs_mask:
            function.scratch("sums", layer.sums, layer.filters)
        if self.step.pool is not None:
            self._pooled_pixels(self.step.pool)
            return
        function.begin_store()
        if g.pixels == 1:
            self._whole_pixel()
        else:
            with body.loop("y", g.out_height, "int32_t"), body.loop("x", g.out_width, "int32_t"):
                self._whole_pixel()
        function.end_store()

    def _pooled_pixels(self, pool: ops.Pool2D) -> None:
        """The pixels of each window of a pooling one by one; only the largest values are kept."""
        function, body, (rows, columns) = self.function, self.body, pool.size
        words = words_for(self.layer.filters)
        is_bits = function.target.storage == "bits"
        if is_bits:
            function.pieces.add("bits")
            function.scratch("signs", "bits", words)
            function.scratch("pooled", "bits", words)
            body.line("lqf_bits result = {out, 0u, 0u};")
        with body.loop("p", pool.shape[0], "int32_t"), body.loop("q", pool.shape[1], "int32_t"):
            with body.loop("r", rows, "int32_t"), body.loop("k", columns, "int32_t"):
                body.line(f"const int32_t y = p * {rows} + r;")
                body.line(f"const int32_t x = q * {columns} + k;")
                body.line("const int is_first = (r == 0) && (k == 0);")
                if is_bits:
                    body.line("lqf_bits bits = {signs, 0u, 0u};")
                self._whole_pixel()
                if is_bits:
                    function.end_store()
                    with body.loop("w", words):
                        body.line("pooled[w] = is_first ? signs[w] : (pooled[w] & signs[w]);")
            if is_bits:
                body.line(f"{function.pieces.add('append_bits')}(&result, pooled, 0u, {self.layer.filters}u);")
        if is_bits:
            body.line(f"{function.pieces.add('end_bits')}(&result);")

    def _whole_pixel(self) -> None:
        """The pixel at (y, x)."""
        layer = self.layer
        if layer.groups == 1:
            self._window("0u", "", "")
            self._pixel()
            return
        with self.body.loop("group", layer.groups):
            first = f"group * {self.call.filters}u"
            self._window(f"group * {layer.geometry.depth}u", f" + {first} * {layer.words_each}u", f" + {first}")
            self._sums(f" + {first} * {layer.words_each}u", f" + {first}")
        self._epilogue()

    def _place(self) -> str:
        """The pixel, as arguments."""
        return "0, 0" if self.layer.geometry.pixels == 1 else "y, x"

    def _window(self, channel: str, weights: str, sums: str) -> None:
        """Lays out the window at (y, x) of the channels from ``channel`` on."""
        layer, function, body, g = self.layer, self.function, self.body, self.layer.geometry
        if layer.is_direct:
            words = layer.window_words if layer.window == "bits" else layer.fan_in
            at = "" if g.pixels == 1 else f" + (uint32_t)(y * {g.out_width} + x) * {words}u"
            body.line(f"const {C_TYPES[layer.window]} *window = {function.pointer(0)}{at};")
            return
        place = f"&{function.geometry_name}, {function.pointer(0)}, {self._place()}, {channel}"
        if layer.window == "bits":
            fill = "0xffffffffu" if layer.pad_value == -1 else "0u"
            window = "word_window" if g.depth % 32 == 0 else "bit_window"
            call = f"{function.pieces.add(window)}({place}, {fill}, window);"
            body.line(f"const uint32_t inside = {call}" if layer.needs_mask else f"(void){call}")
            return
        stored = function.source(0).storage
        element = loaded("image", "pixel + c", stored)
        words = {
            "WINDOW_TYPE": C_TYPES[layer.window],
            "IMAGE_TYPE": C_TYPES[stored],
            "WINDOW": layer.window,
            "IMAGE": stored,
            "ELEMENT(pixel + c)": element.floating if layer.window == "f32" else f"({element.whole})",
        }
        name = function.pieces.add("WINDOW_window_of_IMAGE", words)
        fill = number(np.float32(layer.pad_value)) if layer.window == "f32" else number(int(layer.pad_value))
        body.line(f"{name}({place}, {fill}, window);")

    def _pixel(self) -> None:
        """What follows the window, where all channels are one group."""
        layer, body = self.layer, self.body
        if self.limits is None:
            self._sums("", "")
            self._epilogue()
        elif not layer.needs_mask:
            self._signs()
        else:
            with body.block(f"if (inside == {layer.geometry.taps}u)"):
                self._signs()
            with body.block("else"):
                self._masked_sums("", "")
                with body.loop("c", layer.filters):
                    signs = Expression(f"{layer.fan_in} - sums[c] > {self.limit_table}[c]", "sign")
                    self.function.store(signs)

    def _signs(self) -> None:
        layer, function = self.layer, self.function
        name = function.pieces.kernel("binary_signs", self.call)
        if self.kernel == "filter_planes":
            values, starts = plane_tables(layer.rows < 0, self.limits // 2 + 1)
            tables = f"{function.table(values, 'weights', 'uint64_t')}, {function.table(starts, 'starts', 'uint32_t')}"
            sizes = f"{layer.words}u, {starts.shape[1]}u, {layer.filters}u"
        elif self.kernel == "filter_lanes":
            values, limits = lane_tables(layer.table()[1], self.limits)
            tables = f"{function.table(values, 'weights', 'uint32_t')}, {function.table(limits, 'limits', 'int16_t')}"
            sizes = f"{layer.words}u, {layer.filters}u"
        else:
            tables, sizes = f"{self.weights}, {self.limit_table}", f"{layer.words}u, {layer.filters}u"
        function.body.line(f"{name}(window, {tables}, {sizes}, &bits);")
        function.count("binary", self._products())

    def _sums(self, weights: str, sums: str) -> None:
        layer, body = self.layer, self.body
        if layer.needs_mask:
            with body.block(f"if (inside == {layer.geometry.taps}u)"):
                self._plain_sums(weights, sums)
            with body.block("else"):
                self._masked_sums(weights, sums)
        else:
            self._plain_sums(weights, sums)

    def _plain_sums(self, weights: str, sums: str) -> None:
        layer, function, call = self.layer, self.function, self.call
        sizes = f"{call.words}u, {call.filters}u"
        kinds = {"WINDOW_TYPE": C_TYPES[layer.window], "SUM_TYPE": "float" if layer.sums == "f32" else "int32_t"}
        kinds["WINDOW"] = layer.window
        products = self._products()
        match layer.window, layer.weights:
            case "bits", "signs":
                name, sizes = function.pieces.kernel("binary_sums", call), f"{call.fan_in}u, {sizes}"
                function.count("binary", products)
            case "bits", _:
                name = function.pieces.kernel("ternary_sums", call)
                function.count("ternary", products)
            case _, "floats":
                name, sizes = function.pieces.kernel("float_sums", call), f"{call.fan_in}u, {call.filters}u"
                function.count("float", products)
            case _, "signs":
                name, sizes = function.pieces.kernel("signed_WINDOW_sums", call, kinds), f"{call.fan_in}u, {sizes}"
                function.count("float" if layer.window == "f32" else "integer", products)
            case _:
                name = function.pieces.kernel("code_WINDOW_sums", call, kinds)
                sizes = f"{layer.field_bits}u, {call.fan_in}u, {sizes}"
                function.count("float" if layer.window == "f32" else "integer", products)
        function.body.line(f"{name}(window, {self.weights}{weights}, {sizes}, sums{sums});")

    def _products(self) -> int:
        """Of all pixels that are computed: those that no window of a pooling has are left out."""
        pool, pixels = self.step.pool, self.layer.geometry.pixels
        if pool is not None:
            pixels = int(np.prod(pool.shape[:2])) * int(np.prod(pool.size))
        return pixels * self.layer.fan_in * self.layer.filters

    def _masked_sums(self, weights: str, sums: str) -> None:
        layer, function, call = self.layer, self.function, self.call
        mask = function.pieces.add("window_mask")
        function.body.line(f"{mask}(&{function.geometry_name}, {self._place()}, mask);")
        sizes = f"{call.words}u, {call.filters}u"
        if layer.weights == "signs":
            name = function.pieces.kernel("masked_binary_sums", call)
            sizes = f"inside * {layer.geometry.depth}u, {sizes}"
        else:
            name = function.pieces.kernel("masked_ternary_sums", call)
        function.body.line(f"{name}(window, mask, {self.weights}{weights}, {sizes}, sums{sums});")

    def _epilogue(self) -> None:
        """Scale, bias and the chain on the sums of a pixel."""
        layer, function, op = self.layer, self.function, self.step.op
        fixed = self._fixed_point()
        with self.body.loop("c", layer.filters):
            pixel = f"y * {layer.geometry.out_width} + x"
            if self.step.pool is not None:
                pixel = f"p * {self.step.pool.shape[1]} + q"
            is_one = layer.geometry.pixels == 1
            function.element_number("c" if is_one else f"(uint32_t)({pixel}) * {layer.filters}u + c")
            element = function.element
            value = Expression("sums[c]", "whole" if layer.sums == "i32" else "float")
            if fixed is not None:
                function.store(self._level(fixed))
            elif function.element.range_of(op.name) is not None and value.kind == "whole":
                if op.bias is not None and np.any(op.bias):
                    bias = element.constant(np.rint(op.bias).astype(np.int64), op.shape, "bias")
                    value = element.named(Expression(f"{value.text} + {bias}", "whole"), "sum")
                function.store(applied(self.step.chain, element, value))
            else:
                function.store(applied(self.step.chain, element, self._rescaled(value)))

    def _fixed_point(self) -> FixedPoint | None:
        """Levels of rescaled whole sums as integers, where these give each level as floats do."""
        layer, op, chain, source = self.layer, self.step.op, self.step.chain, self.function.source(0)
        is_level = len(chain) == 1 and isinstance(chain[0], ops.Quantize) and self.function.target.whole is not None
        if not is_level or layer.sums != "i32" or self.function.element.range_of(op.name) is not None:
            return None
        levels, boundaries = chain[0].levels, chain[0].boundaries.astype(np.float32)
        low, high = sum_range(layer.kernel.codes, source.whole, layer.pad_value)
        if np.any(np.diff(levels) != 1) or len(boundaries) < 2 or high - low >= _MOST_SUMS:
            return None
        scale = np.broadcast_to(np.float32(1 if op.kernel.scale is None else op.kernel.scale), (layer.filters,))
        bias = np.broadcast_to(np.float32(0 if op.bias is None else op.bias), (layer.filters,))
        sums = np.arange(low, high + 1, dtype=np.float32)[:, None]
        reached = np.searchsorted(boundaries, sums * scale + bias, side="right")
        step = float(boundaries[-1] - boundaries[0]) / (len(boundaries) - 1)
        return fixed_point(reached, low, scale / step, len(boundaries))

    def _level(self, fixed: FixedPoint) -> Expression:
        op, element = self.step.op, self.function.element
        factor = element.constant(fixed.factors, op.shape, "factors")
        line = self.body.let(
            "int32_t", f"sums[c] * {factor} + {element.constant(fixed.offsets, op.shape, 'offsets')}", "line"
        )
        level = self.body.let("int32_t", f"({line} < 0) ? 0 : ({line} >> {fixed.shift})", "level")
        lowest = number(int(self.step.chain[0].levels[0]))
        limited = f"(({level} > {fixed.largest}) ? {fixed.largest} : {level})"
        return Expression(limited if lowest == "0" else f"{limited} + {lowest}", "whole")

    def _rescaled(self, value: Expression) -> Expression:
        op, element = self.step.op, self.function.element
        text = value.floating
        if op.kernel.scale is not None and np.any(op.kernel.scale != 1):
            text = f"{text} * {element.constant(np.float32(op.kernel.scale), op.shape, 'kernel_scale')}"
        if op.bias is not None and np.any(op.bias):
            text = f"{text} + {element.constant(np.float32(op.bias), op.shape, 'bias')}"
        return element.named(Expression(text, "float"), "sum")

    def _limits(self) -> np.ndarray | None:
        """The limits for ``lqf_binary_signs``, ``[filters]``, where signs by thresholds are all that is wanted."""
        layer, op, chain = self.layer, self.step.op, self.step.chain
        is_plain = layer.window == "bits" and layer.weights == "signs" and layer.groups == 1
        is_sum = op.bias is None and np.all(op.kernel.scale == 1) and layer.fan_in <= _LARGEST_FAN_IN_OF_LIMITS
        if not (is_plain and is_sum and len(chain) == 1 and isinstance(chain[0], ops.Binarize)):
            return None
        sign = chain[0]
        if np.ndim(sign.threshold) > 1 or (sign.flip is not None and np.any(sign.flip)):
            return None
        least = np.ceil(np.broadcast_to(sign.threshold, (layer.filters,)).astype(np.float64))
        return (layer.fan_in - np.clip(least, -layer.fan_in - 1, layer.fan_in + 1)).astype(np.int64)
