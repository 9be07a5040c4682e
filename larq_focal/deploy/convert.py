"""Converting models for devices: never a file that computes something else than the model.

Importing this loads no TensorFlow: only models of Keras 2 need it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from larq_focal._keras_version import is_keras_3
from larq_focal.deploy.class_names import given_metadata
from larq_focal.deploy.conversion.conversion import Conversion
from larq_focal.deploy.conversion.conversion_error import ConversionError
from larq_focal.deploy.convert_graph import convert_graph
from larq_focal.deploy.converters import (
    CONVERTERS,
    DEFAULT_CALIBRATION,
    Calibration,
    Converter,
    InputType,
    Rest,
    is_graph,
)
from larq_focal.deploy.int8_rest import Int8Options, check_rest
from larq_focal.network.graph import QuantGraph

if TYPE_CHECKING:
    from larq_focal.keras import keras

__all__ = ["Conversion", "ConversionError", "convert", "convert_int8"]


def convert(
    model: keras.Model | QuantGraph | str | Path,
    path: str | Path,
    *,
    converter: Converter = "auto",
    rest: Rest = "float",
    representative=None,
    labels=None,
    input_type: InputType = "float32",
    calibration: Calibration = DEFAULT_CALIBRATION,
    class_names: Sequence[str] | str | Path | None = None,
    preprocessing: str | None = None,
    packed: bool = True,
    data=None,
    strict: bool = False,
    bake: bool = True,
    timeout_s: float | None = None,
    seed: int = 0,
    trust: bool = False,
) -> Conversion:
    """Converts a model for devices and audits the result; the file is written only if it passes.

    larq_focal's own converter writes what the graph of the model holds, see ``write_tflite``; it needs TensorFlow for
    models of Keras 2 only. Larq Compute Engine's runs in a process of its own, and known faults of it are looked for
    before and after. Inputs and outputs of the file have the model's order and names, and its fixed batch size, if
    there is one.

    Args:
        model: a Keras model, or the path of one: ``.keras``, HDF5 or SavedModel. A subclass of ``keras.Model`` must
            have been called once on a batch, or fitted. For larq_focal's converter also a QuantGraph, or the path of
            a ``.qgraph`` or ``.tflite`` file.
        path: where the ``.tflite`` file goes. A file that is there is replaced if the conversion succeeds.
        converter: "focal" for larq_focal's own, "lce" for Larq Compute Engine's, or "auto" for larq_focal's own where
            it takes the model, else Larq Compute Engine's if that is installed, which the audit notes.
        rest: what is not binary, with larq_focal's own converter: "float", or "int8" for 8-bit integers, in which
            weights take a quarter of the bytes.
        representative: for ``rest="int8"``, samples like those that the network will see, in the form of ``data``: the
            ranges of its values are taken from them. A hundred or so do.
        labels: for ``rest="int8"``, the class of each sample of ``data``, or of ``representative`` where there is no
            data, as whole numbers ``[N]``: the audit tells the accuracy with a float rest and with int8 then.
        input_type: for ``rest="int8"``, what the file takes: "float32", or "int8" or "uint8" for integers with the
            scale that the file states.
        calibration: for ``rest="int8"``, how ranges are taken from the samples: "least squares" of the rounding and of
            what is cut off; the whole "range"; a "percentile" of it; or "fixed point", with powers of two as steps.
        class_names: what the classes are called that the one output has scores for, or a text file with one per line;
            the file says them, and ``larq-focal run`` shows them.
        preprocessing: of pixels from 0 to 255, "centred", "signed", "unit", "imagenet" or "raw", by which
            ``larq-focal run`` makes samples of image files; see ``larq_focal.deploy.pixels``.
        packed: with larq_focal's own converter, write layers of few bits with their weights packed, as operators that
            larq_focal's delegate runs (those of binary layers are Larq Compute Engine's). Stock LiteRT refuses such a
            file: "Encountered unresolved custom op". If not, all layers become operators that every LiteRT has, in the
            arithmetic of ``rest``.
        data: samples to compare the file with the model on: an array ``[N, ...]``, or for several inputs a list or a
            dictionary by input name; None takes a few random ones, or the representative ones.
        strict: refuse the result where a layer that was meant to be binary or of few bits stayed float.
        bake: give quantized kernels to Larq Compute Engine's converter as numbers, not as arithmetic on the latent
            weights. Without, it leaves large scaled kernels in float, or fails on them.
        timeout_s: seconds after which Larq Compute Engine's converter is ended; None waits as long as it takes.
        seed: of the random samples.
        trust: whether the file of a Keras model may run code that it brings, as in ``load_keras_model``.

    Raises:
        ConversionError: the model cannot be exported; or would be, or was, converted wrongly; or the converter failed.
        UntrustedModelError: the file would run code, and ``trust`` is not given.
        ValueError: data or names do not fit the model, or there is no such converter, rest, input or preprocessing.
    """
    check_rest(rest, representative, labels, input_type, converter, calibration)
    int8 = Int8Options(representative, labels, input_type, calibration) if rest == "int8" else None
    metadata = given_metadata(class_names, preprocessing)
    if converter not in CONVERTERS:
        raise ValueError(f"There is no converter '{converter}'; choose {' or '.join(map(repr, CONVERTERS))}.")
    if converter == "lce" and not packed:
        raise ValueError("packed=False needs larq_focal's own converter: give converter='focal'.")
    if is_graph(model):
        if converter == "lce":
            raise ConversionError(
                "Larq Compute Engine converts Keras models: use converter='focal' for graphs and files."
            )
        return convert_graph(
            model, path, data=data, strict=strict, seed=seed, int8=int8, metadata=metadata, packed=packed
        )
    options = {"data": data, "strict": strict, "seed": seed, "trust": trust, "metadata": metadata}
    if is_keras_3():
        from larq_focal.deploy.conversion import keras3_models

        if converter == "lce":
            raise ConversionError(
                "Larq Compute Engine converts models of Keras 2, and this is one of Keras 3: use converter='focal'."
            )
        return keras3_models.convert_by_graph(model, path, int8=int8, packed=packed, **options)
    from larq_focal.deploy.conversion import keras_models

    if converter == "focal" or int8 is not None or not packed:
        return keras_models.convert_by_graph(model, path, int8=int8, packed=packed, **options)
    by = keras_models.convert_by_lce if converter == "lce" else keras_models.convert_by_the_first
    return by(model, path, bake=bake, timeout_s=timeout_s, **options)


def convert_int8(
    model: keras.Model | str | Path,
    path: str | Path,
    *,
    data=None,
    representative=None,
    seed: int = 0,
    trust: bool = False,
) -> Conversion:
    """Converts a model to int8 weights and activations with TensorFlow Lite's converter, and audits the result.

    Inputs and outputs stay float.

    Args:
        model: a Keras model that was trained for int8 (tensorflow-model-optimization's ``quantize_model``), or a plain
            one; or the path of one.
        path: where the ``.tflite`` file goes. A file that is there is replaced if the conversion succeeds.
        data: samples to compare the file with the model on, as for :func:`convert`.
        representative: samples like those the network will see, in the same form as ``data``: the converter takes the
            ranges of the activations from them. Needed for a plain model only; a hundred or so do.
        seed: of the random samples that stand in for ``data``.
        trust: whether the file of a Keras model may run code that it brings, as in ``load_keras_model``.

    Raises:
        ConversionError: the model has layers that are meant to be binary or of few bits, needs ``representative``,
            cannot be exported, or was converted wrongly; or the converter failed.
        UntrustedModelError: the file would run code, and ``trust`` is not given.
        ValueError: the data does not fit the model.
    """
    if is_keras_3():
        raise ConversionError(
            "TensorFlow Lite's converter is used for models of Keras 2. Convert a model of Keras 3 with "
            "larq_focal.convert(model, path, rest='int8', representative=samples)."
        )
    from larq_focal.deploy.conversion.keras_models import convert_to_int8

    return convert_to_int8(model, path, data=data, representative=representative, seed=seed, trust=trust)
