"""The windows of a layer, laid out in the order of its weights."""

from __future__ import annotations

import numpy as np

from larq_focal.mcu.emit.expression import loaded
from larq_focal.mcu.emit.function import Function
from larq_focal.mcu.emit.layer import Layer
from larq_focal.mcu.emit.text import number
from larq_focal.mcu.selection import Call
from larq_focal.mcu.storage import C_TYPES


def write_window(function: Function, layer: Layer, channel: str = "0u", window: str = "window") -> None:
    """Lays out ``window``, that at (y, x), of the channels from ``channel`` on.

    Where edges of the image must be left out, ``inside`` says how many pixels of the window are inside of it.
    """
    body, g = function.body, layer.geometry
    if layer.is_direct:
        words = layer.window_words if layer.window == "bits" else layer.fan_in
        at = "" if g.pixels == 1 else f" + (uint32_t)(y * {g.out_width} + x) * {words}u"
        body.line(f"const {C_TYPES[layer.window]} *{window} = {function.pointer(0)}{at};")
        return
    place = f"&{function.geometry_name}, {function.pointer(0)}, {layer.place}, {channel}"
    if layer.window == "bits":
        fill = "0xffffffffu" if layer.pad_value == -1 else "0u"
        if g.depth % 32 == 0:
            call = Call(layer.window_words, layer.fan_in, layer.filters)
            words = {"ROWS": f"{g.rows}", "COLUMNS": f"{g.columns}", "WORDS": f"{g.depth // 32}"}
            name = function.pieces.kernel("word_window", call, words)
        else:
            name = function.pieces.add("bit_window")
        call = f"{name}({place}, {fill}, {window});"
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
    body.line(f"{name}({place}, {fill}, {window});")
