"""Trained networks for microcontrollers: their C gives the interpreter's outputs, in whole numbers up to the scores."""

from __future__ import annotations

import numpy as np
import pytest

from larq_focal import zoo
from larq_focal.bench.records.record_file import read_record
from larq_focal.datasets import DATASETS
from larq_focal.mcu.passes import lower_for_c
from larq_focal.mcu.pixel_input import with_pixel_input
from larq_focal.network import ops
from larq_focal.network.keras.from_keras import from_keras
from tests.mcu.networks import samples
from tests.mcu.written import assert_equal, written
from tools.publish_weights import PRETRAINED

MOST = {
    "human_activity_sign-basic_motions": (702, 800),
    "mcu_digits-mnist-1kB": (1053, 1400),
    "mcu_digits-mnist-2kB": (2297, 1500),
    "mcu_images-cifar10": (38572, 17_500),
}
"""Bytes of weights, and at most of RAM."""


@pytest.mark.parametrize("name", MOST)
def test_it_is_written_and_computes_what_the_interpreter_computes(name, tmp_path):
    settings = read_record(PRETRAINED / f"{name}.json")["settings"]
    row, weights = DATASETS[settings["dataset"]], name.removeprefix(f"{settings['model']}-")
    shape = {"input_shape": row.shape, "num_classes": len(row.classes)}
    network = zoo.build(settings["model"], weights=weights, **shape, **settings["options"])
    graph = lower_for_c(with_pixel_input(from_keras(network), "centred"))
    (program,), executable = written([graph], tmp_path)
    (scores,) = (function.name for function in program.functions if "float" in function.body.text())
    assert scores == program.functions[-1].name
    weight_bytes, ram_bytes = MOST[name]
    assert sum(op.kernel.codes.size for op in graph if isinstance(op, ops.Linear)) == 8 * weight_bytes
    assert 4 * program.plan.words <= ram_bytes
    inputs = samples(graph, 20)
    outputs = executable.run(0, inputs)
    assert_equal(graph, outputs, inputs)
    assert len(np.unique(next(iter(outputs.values())), axis=0)) > 10
