"""A damaged or unfit model gets a message, never a crash."""

from __future__ import annotations

import numpy as np
import pytest
from flatbuffers import flexbuffers

from larq_focal import delegate
from larq_focal.network.packing import pack_bits, words_for
from tests.delegate import cases
from tests.delegate.engines import WithDelegate
from tests.support.lce_file import LceFile

SHAPE = (1, 5, 5, 64)
FILTERS = cases.signs(np.random.default_rng(0), (48, 3, 3, 64))


def convolution(options=None, *, parameters=None, dtype=np.float32, weights=None, image_dtype=np.int32, **quantization):
    """A file with one LceBconv2d, sound but for what is given."""
    file = LceFile()
    image = file.input((*SHAPE[:3], words_for(SHAPE[3])), image_dtype)
    weights = file.constant(pack_bits(FILTERS)) if weights is None else weights(file)
    if parameters is None:
        parameters = [file.constant(np.ones(48, np.float32)), file.constant(np.zeros(48, np.float32)), -1]
    else:
        parameters = parameters(file)
    options = cases.convolution_options(64) if options is None else options
    last = 2 if dtype == np.int32 else 48
    output = file.custom(
        "LceBconv2d", [image, weights, *parameters], (*SHAPE[:3], last), dtype, options, **quantization
    )
    return file.finished(output)


def failure(content: bytes) -> str:
    with pytest.raises((RuntimeError, ValueError)) as error:
        WithDelegate(content).run(np.zeros((1, 5, 5, 2), np.int32))
    return str(error.value)


def test_the_sound_file_runs():
    assert WithDelegate(convolution()).run(np.zeros((1, 5, 5, 2), np.int32))[0].shape == (1, 5, 5, 48)


@pytest.mark.parametrize("name", cases.convolution_options(64))
def test_missing_options_are_named(name):
    options = cases.convolution_options(64)
    del options[name]
    message = failure(convolution(options))
    assert f"LceBconv2d (operation 0 of the model): its option '{name}' is missing" in message


@pytest.mark.parametrize("name", cases.convolution_options(64))
@pytest.mark.parametrize("value", [-1, 2**31, 2**62, -(2**63)])
def test_options_out_of_range_are_named(name, value):
    assert f"its option '{name}' is {value}, and must lie in" in failure(
        convolution(cases.convolution_options(64, **{name: value}))
    )


@pytest.mark.parametrize("value", ["same", 1.5, [1, 2], {"a": 1}])
def test_options_of_another_type_are_named(value):
    options = bytes(flexbuffers.Dumps({**cases.convolution_options(64), "padding": value}))
    assert "its option 'padding' is not an integer" in failure(convolution(options))


@pytest.mark.parametrize(
    "changes",
    [
        {"stride_height": 2**30, "stride_width": 2**30},
        {"dilation_height_factor": 2**30, "dilation_width_factor": 2**30},
        {"dilation_height_factor": 2**15, "dilation_width_factor": 2**15},
        {"channels_in": 2**30},
        {"channels_in": 65},
        {"padding": 1, "dilation_width_factor": 3},
    ],
    ids=str,
)
def test_sizes_that_do_not_fit_are_refused(changes):
    content = convolution(cases.convolution_options(64, **changes))
    if set(changes) == {"stride_height", "stride_width"}:  # large, but one output fits
        assert WithDelegate(content).run(np.zeros((1, 5, 5, 2), np.int32))[0].shape == (1, 1, 1, 48)
    else:
        assert "LceBconv2d (operation 0 of the model)" in failure(content)


def _numbers(*arrays):
    return lambda file: [file.constant(array) if array is not None else -1 for array in arrays]


ONES = np.ones(48, np.float32)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (lambda: convolution(dtype=np.int32), "its threshold is missing"),
        (lambda: convolution(dtype=np.int32, parameters=_numbers(None, None, ONES)), "threshold"),
        (lambda: convolution(dtype=np.int32, parameters=_numbers(None, None, np.ones(47, np.int32))), "threshold"),
        (lambda: convolution(parameters=_numbers(ONES[:47], ONES, None)), "its multiplier of the shape [47]"),
        (lambda: convolution(parameters=_numbers(ONES, ONES.reshape(1, 48), None)), "its bias of the shape [1, 48]"),
        (lambda: convolution(parameters=_numbers(ONES.astype(np.int32), ONES, None)), "its multiplier has a type"),
        (lambda: convolution(parameters=_numbers(ONES, ONES)), "4 inputs"),
        (lambda: convolution(dtype=np.int8), "no valid scale"),
        (lambda: convolution(dtype=np.int8, scale=-1.0), "no valid scale"),
        (lambda: convolution(dtype=np.int8, scale=1.0, zero_point=300), "no valid scale"),
        (lambda: convolution(dtype=bool), "its output has a type"),
        (lambda: convolution(image_dtype=np.float32), "its image has a type"),
        (lambda: convolution(weights=lambda file: -1), "its filter is missing"),
        (lambda: convolution(weights=lambda file: 0), "its filter is not a constant"),
        (lambda: convolution(weights=lambda file: file.constant(np.ones((48, 3, 3, 3), np.int32))), "does not fit"),
        (lambda: convolution(weights=lambda file: file.constant(np.ones((48, 9), np.int32))), "four dimensions"),
        (lambda: convolution(weights=lambda file: file.constant(np.ones((0, 3, 3, 2), np.int32))), "the shape [0"),
    ],
)
def test_tensors_that_do_not_fit_are_named(content, reason):
    assert reason in failure(content())


def test_packed_output_with_zero_padding_is_refused():
    options = cases.convolution_options(64, pad_values=0)
    content = convolution(options, dtype=np.int32, parameters=_numbers(None, None, np.ones(48, np.int32)))
    assert "zero padding (pad_values 0) has no packed output" in failure(content)


def test_damaged_options_never_crash():
    """Every prefix of the options, and every byte replaced: an error or a result, and the process lives."""
    options = bytes(flexbuffers.Dumps(cases.convolution_options(64)))
    damaged = [options[:length] for length in range(len(options))]
    damaged += [
        options[:i] + bytes([value]) + options[i + 1 :] for i in range(len(options)) for value in (0, 1, 127, 255)
    ]
    refused = 0
    for changed in damaged:
        try:
            WithDelegate(convolution(changed))
        except (RuntimeError, ValueError):
            refused += 1
    assert refused > len(damaged) / 2


@pytest.mark.parametrize(
    ("options", "reason"),
    [({"kernel": "abacus"}, "no kernel 'abacus'"), ({"fuse": "2"}, "'fuse'"), ({"speed": "1"}, "no option 'speed'")],
)
def test_bad_options_of_the_delegate_are_named(options, reason):
    with pytest.raises(ValueError) as error:
        WithDelegate(convolution(), **options)
    assert reason in str(error.value)


def test_the_variable_chooses_the_kernel(monkeypatch):
    monkeypatch.setenv("LARQ_FOCAL_KERNEL", "abacus")
    with pytest.raises(ValueError, match="no kernel 'abacus'"):
        WithDelegate(convolution())
    monkeypatch.setenv("LARQ_FOCAL_KERNEL", "portable")
    WithDelegate(convolution())


def test_a_missing_library_is_explained(monkeypatch):
    monkeypatch.setattr(delegate, "_LIBRARY", "larq_focal.delegate._not_built")
    assert not delegate.is_built()
    with pytest.raises(delegate.DelegateMissing, match=r"C\+\+17 compiler"):
        delegate.library_path()
