"""Compiled programs on the machine of the maker's headers, against the interpreter."""

from __future__ import annotations

import numpy as np

from larq_focal.focal_plane.compiler import Compiled
from larq_focal.focal_plane.machine import disassemble
from larq_focal.network import interpret
from larq_focal.network.computation import compute
from larq_focal.network.kernel_sums import rescale
from larq_focal.network.ops import Linear
from tests.support.header_machine import HeaderMachine


def run_by_headers(compiled: Compiled, images: np.ndarray, seed: int = 0) -> dict[str, np.ndarray]:
    """The outputs of the network ``[N, ...]``: planes from the header-true machine, the rest by the specification."""
    array, sensor = compiled.array, compiled.sensor
    shape = sensor.height, sensor.width
    store = sensor.code_store_icw or 2**30  # not published of every sensor
    machine = HeaderMachine(*shape, seed, sensor.digital.all, store)
    machine.instruction("all", [])  # once, at the start; every frame ends with FLAG at 1
    text = disassemble(array.program)
    frames = []
    for given in compiled.array_images(images):
        planes = dict(array.constants)
        for source in array.inputs:
            if source.sees_light:
                machine.expose(source.light(given[source.name][..., 0], shape))
            else:
                planes |= source.planes(given[source.name], shape)
        results = machine.run(text, planes)
        frames.append({output.name: output.value(results) for output in (*array.outputs, *array.scores)})
    values = {name: np.stack([frame[name] for frame in frames]).astype(np.float32) for name in frames[0]}
    for op in compiled.graph:
        if op.name in values and isinstance(op, Linear):
            values[op.name] = rescale(op, values[op.name])
        elif op.name in compiled.tail:
            values[op.name] = compute(op, *(values[name] for name in op.inputs)).astype(np.float32)
    return {name: values[last] for name, last in zip(compiled.output_names, compiled.graph.outputs, strict=True)}


def assert_equals_interpreter(compiled: Compiled, graph, images: np.ndarray, seed: int = 0) -> None:
    expected = interpret(graph, images, graph.outputs)
    for name, values in run_by_headers(compiled, images, seed).items():
        np.testing.assert_allclose(values, expected[name], rtol=1e-6, err_msg=name)
