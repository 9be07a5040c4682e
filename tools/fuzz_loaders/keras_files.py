"""Altered files of Keras: HDF5, .keras, SavedModels; code is planted in some."""

from __future__ import annotations

import base64
import io
import json
import marshal
import random
import tempfile
import warnings
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from tools.fuzz_loaders.alterations import altered_archive, altered_array, altered_bytes, altered_text, altered_tree
from tools.fuzz_loaders.array_files import Opens


def planted(canary: Path) -> tuple[dict, ...]:
    """Parts of a configuration of Keras that run code which makes the file."""
    code = compile(f"lambda x: (open({str(canary)!r}, 'w').close(), x)[1]", "<planted>", "eval").co_consts[0]
    text = base64.b64encode(marshal.dumps(code)).decode()
    inner = {"name": "planted", "function": [text, None, None], "function_type": "lambda", "arguments": {}}
    shape = {"output_shape": None, "output_shape_type": "raw", "output_shape_module": None}
    open_it = {"class_name": "function", "config": "func_load", "registered_name": "func_load"}
    return (
        {"class_name": "Lambda", "config": {**inner, **shape}},
        {"class_name": "Lambda", "module": "keras.layers", "config": {**inner, **shape}, "registered_name": None},
        {"class_name": "__lambda__", "config": {"value": [text, None, None]}},
        {**open_it, "module": "tf_keras.src.utils.generic_utils"},
        {"class_name": "function", "module": "os", "config": "system", "registered_name": "system"},
        {"class_name": "Dense", "module": "canary_module", "config": {"units": 2}, "registered_name": "Other>Dense"},
        {"class_name": "TFOpLambda", "config": {"name": "planted", "function": "io.write_file"}},
    )


@cache
def _keras_models() -> dict[str, list[bytes]]:
    """Whole files by their suffix, of a Sequential and of a functional model."""
    from larq_focal.keras import keras, larq, tf

    first = keras.Sequential(
        [
            keras.Input((6, 6, 1)),
            larq.layers.QuantConv2D(2, 3, kernel_quantizer="ste_sign", kernel_constraint="weight_clip"),
            keras.layers.BatchNormalization(),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(2, kernel_regularizer=keras.regularizers.L2(0.1)),
        ]
    )
    image = keras.Input((6,))
    hidden = keras.layers.Dense(4, activation=keras.activations.elu)(image)
    hidden = tf.nn.relu(hidden) + 1.0
    inner = keras.Sequential([keras.layers.Dense(3, input_shape=(4,)), keras.layers.Activation("tanh")])
    second = keras.Model(image, [inner(hidden), keras.layers.Concatenate()([hidden, image])])
    files: dict[str, list[bytes]] = {}
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for suffix in (".h5", ".keras"):
            for model in (first, second):
                path = Path(folder, f"model{suffix}")
                model.save(path)
                files.setdefault(suffix, []).append(path.read_bytes())
    return files


def altered_hdf5(choice: random.Random, canary: Path) -> bytes:
    content = choice.choice(_keras_models()[".h5"])
    kind = choice.choice(("bytes", "config", "config", "config", "text", "weights"))
    if kind == "bytes":
        return altered_bytes(content, choice)
    held = io.BytesIO(content)
    with h5py.File(held, "r+") as file:
        text = file.attrs["model_config"]
        if kind == "config":
            text = json.dumps(altered_tree(json.loads(text), choice, planted(canary)))
        elif kind == "text":
            text = altered_text(text, choice).encode("utf-8", "replace").decode().replace("\0", "")
        else:
            _alter_weights(file, choice)
        del file.attrs["model_config"]
        file.attrs.create("model_config", text, dtype=h5py.string_dtype())
    return held.getvalue()


def _alter_weights(file: Any, choice: random.Random) -> None:
    names: list[str] = []
    file.visit(names.append)
    name = choice.choice(names)
    item = file[name]
    kind = choice.choice(("drop", "array", "array", "link", "far", "attribute"))
    if kind == "attribute" and len(item.attrs):
        item.attrs[choice.choice(list(item.attrs))] = choice.choice((3, "x", [b"kernel:0"] * 3, []))
        return
    is_array = isinstance(item, h5py.Dataset)
    array = item[()] if is_array else np.zeros(3, np.float32)
    del file[name]
    if kind == "array":
        altered = altered_array(array, choice)
        file[name] = "text" if altered.dtype.kind in "US" else altered
    elif kind == "link":
        file[name] = h5py.SoftLink(choice.choice(("/", "/model_weights", "/nowhere", f"/{name}")))
    elif kind == "far":
        file[name] = h5py.ExternalLink("/etc/passwd", "/")


def altered_keras(choice: random.Random, canary: Path) -> bytes:
    content = choice.choice(_keras_models()[".keras"])
    if choice.random() < 0.1:
        return altered_bytes(content, choice)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    kind = choice.choice(("config", "config", "config", "text", "weights", "pickle", "archive"))
    config = parts["config.json"].decode()
    if kind == "config":
        parts["config.json"] = json.dumps(altered_tree(json.loads(config), choice, planted(canary))).encode()
    elif kind == "text":
        parts["config.json"] = altered_text(config, choice).encode("utf-8", "replace")
    elif kind == "weights":
        held = io.BytesIO(parts["model.weights.h5"])
        with h5py.File(held, "r+") as file:
            _alter_weights(file, choice)
        parts["model.weights.h5"] = held.getvalue()
    elif kind == "pickle":
        del parts["model.weights.h5"]
        held = io.BytesIO()
        np.savez(held, **{"_layer_checkpoint_dependencies": np.array([Opens(canary)], object)})
        parts["model.weights.npz"] = held.getvalue()
    else:
        return altered_archive(parts, choice)
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return held.getvalue()


def altered_saved_model(choice: random.Random, canary: Path) -> bytes:
    """The graph of a SavedModel; the folder around it is made as it is read."""
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    saved = SavedModel(saved_model_schema_version=1)
    saved.meta_graphs.add().graph_def.node.add(name="write", op="WriteFile")
    return altered_bytes(saved.SerializeToString(), choice)
