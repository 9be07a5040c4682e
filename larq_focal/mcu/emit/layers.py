"""The function of a convolution or dense layer: loops over pixels and groups."""

from __future__ import annotations

from dataclasses import replace

from larq_focal.mcu.emit.epilogue import write_epilogue
from larq_focal.mcu.emit.function import Function
from larq_focal.mcu.emit.layer import Layer, layer_of
from larq_focal.mcu.emit.products import Products
from larq_focal.mcu.emit.windows import write_window
from larq_focal.mcu.steps import Step
from larq_focal.network import ops
from larq_focal.network.packing import words_for


def write_layer(step: Step, function: Function) -> None:
    """Writes the loops over pixels and groups: a window, its sums with all filters, and what follows them."""
    source = function.source(0)
    layer = layer_of(step.op, source.shape, source.storage, source.whole, step.padding)
    products = Products(step, function, layer)
    if products.pixels_at_once > 1:
        layer = replace(layer, is_direct=False)
    if not layer.is_direct:
        function.geometry(layer.geometry)
        function.scratch("window", layer.window, products.pixels_at_once * layer.window_words)
    products.scratches()
    if step.pool is not None:
        _write_pooled_pixels(step.pool, function, layer, products)
        return
    function.begin_store()
    g, body = layer.geometry, function.body
    if products.pixels_at_once > 1:
        _write_several_pixels(function, layer, products)
    elif g.pixels == 1:
        _write_pixel(function, layer, products, "0")
    else:
        with body.loop("y", g.out_height, "int32_t"), body.loop("x", g.out_width, "int32_t"):
            _write_pixel(function, layer, products, f"y * {g.out_width} + x")
    function.end_store()


def _write_several_pixels(function: Function, layer: Layer, products: Products) -> None:
    """Pixels whose windows are multiplied together; the last windows may lie behind the image, and are dropped."""
    g, body, several = layer.geometry, function.body, products.pixels_at_once
    body.line("int32_t y = 0, x = 0;")
    with body.block(f"for (uint32_t p = 0u; p < {g.pixels}u; p += {several}u)"):
        with body.loop("n", several):
            write_window(function, layer, window=f"window + n * {layer.window_stride}u")
            with body.block(f"if (++x == {g.out_width})"):
                body.line("x = 0;")
                body.line("++y;")
        if products.limits is not None:
            body.line(f"const uint32_t pixels = (p + {several}u <= {g.pixels}u) ? {several}u : ({g.pixels}u - p);")
            products.write_signs()
            return
        products.write_sums()
        half = function.pieces.add("half")
        with body.block(f"for (uint32_t n = 0u; n < {several}u && p + n < {g.pixels}u; ++n)"):
            write_epilogue(products.step, function, layer, "p + n", f"{half}(sums[c], n)")


def _write_pooled_pixels(pool: ops.Pool2D, function: Function, layer: Layer, products: Products) -> None:
    """The pixels of each window of a pooling one by one; only the largest values are kept."""
    body, (rows, columns) = function.body, pool.size
    words = words_for(layer.filters)
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
            _write_pixel(function, layer, products, f"p * {pool.shape[1]} + q")
            if is_bits:
                function.end_store()
                with body.loop("w", words):
                    body.line("pooled[w] = is_first ? signs[w] : (pooled[w] & signs[w]);")
        if is_bits:
            body.line(f"{function.pieces.add('append_bits')}(&result, pooled, 0u, {layer.filters}u);")
    if is_bits:
        body.line(f"{function.pieces.add('end_bits')}(&result);")


def _write_pixel(function: Function, layer: Layer, products: Products, pixel: str) -> None:
    """The pixel at (y, x), which is stored as number ``pixel``, in C."""
    if layer.groups > 1:
        filters = layer.filters // layer.groups
        with function.body.loop("group", layer.groups):
            write_window(function, layer, f"group * {layer.geometry.depth}u")
            first = f"group * {filters}u"
            products.write_sums(f" + {first} * {layer.words_each}u", f" + {first}")
    else:
        write_window(function, layer)
        if products.limits is not None:
            products.write_signs()
            return
        products.write_sums()
    write_epilogue(products.step, function, layer, pixel)
