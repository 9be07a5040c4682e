"""What the controller computes travels with the program: from the file and images alone, the network's outputs."""

from __future__ import annotations

import base64
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from larq_focal.focal_plane.compiler import compile_network, simulate, write_program
from larq_focal.focal_plane.compiler.program_file import program_from_text, program_text
from larq_focal.focal_plane.machine import ProgramError
from larq_focal.network import Kernel, QuantGraph, interpret, ops, write_tflite
from larq_focal.network.graph_file import graph_bytes
from larq_focal.network.tflite.metadata import FileMetadata
from tests.focal_plane.compiler.random_layers import Draw, images, network, small
from tests.focal_plane.compiler.test_dense import UNITS, classifier
from tests.focal_plane.graphs import chain, conv, sign

SENSOR = small("scamp5")
DIRECTLY = "interleaved"


def with_softmax(graph: QuantGraph) -> QuantGraph:
    softmax = ops.Activation(name="softmax", inputs=(graph.outputs[0],), shape=(UNITS,), kind="softmax")
    return QuantGraph(graph.name, [*graph, softmax], ["softmax"])


def two_eyes(side: int = 6) -> QuantGraph:
    """Signs of two images, joined as channels of a convolution, with a dense layer behind."""
    left, right = (ops.Input(name=name, shape=(side, side, 1)) for name in ("left", "right"))
    signs = [sign("l", left), sign("r", right, 0.25)]
    both = ops.Concat(name="both", inputs=("l", "r"), shape=(side, side, 2))
    layer = conv("conv", both, 3)
    layer.kernel.codes[:] = np.random.default_rng(1).choice([-1, 1], layer.kernel.codes.shape)
    last = sign("sign", layer)
    weights = np.random.default_rng(2).normal(size=(side * side * 3, UNITS)).astype(np.float32)
    flat = ops.Reshape(name="flat", inputs=("sign",), shape=(len(weights),))
    dense = ops.Dense(name="dense", inputs=("flat",), shape=(UNITS,), kernel=Kernel(weights, None, 32))
    return with_softmax(chain("two eyes", left, right, *signs, both, layer, last, flat, dense))


def encoded() -> QuantGraph:
    """Colours, binarized after a scale for each channel: what the controller does before the array."""
    graph = network(Draw(in_channels=3, padding="same"))
    image = graph.inputs[0]
    scaled = ops.Affine(
        name="scaled",
        inputs=(image.name,),
        shape=image.shape,
        mean=np.float32([0.1, -0.2, 0.3]),
        scale=np.float32([1, -2, 3]),
        bias=np.float32([0, 0.1, 0]),
    )
    bits = ops.Binarize(name="bits", inputs=("scaled",), shape=image.shape, threshold=np.float32(0))
    return QuantGraph("encoded", [image, scaled, bits, *[op for op in graph][2:]], graph.outputs)


@pytest.mark.parametrize("dense_on_array", [None, "events"])
def test_scores_come_from_the_file_alone(dense_on_array, tmp_path):
    graph = with_softmax(classifier(Draw(padding="same"), [-1, 1], bias=True))
    compiled = compile_network(graph, SENSOR, dense_on_array=dense_on_array, classes=["cat", "dog", "owl"])
    path = write_program(compiled.array, tmp_path / "classifier.scamp")
    inputs = images(graph, 3)
    expected = interpret(graph, inputs, ["softmax"])["softmax"]
    for image, wanted, own in zip(inputs, expected, compiled.run(inputs)["softmax"], strict=True):
        found = simulate(path, image)
        np.testing.assert_allclose(found.scores, wanted, rtol=1e-5)
        np.testing.assert_array_equal(found.outputs["softmax"], own)
        assert found.best()[0]["class"] == wanted.argmax()
        assert found.best()[0]["name"] == ["cat", "dog", "owl"][wanted.argmax()]
        assert f"class {wanted.argmax()} {found.best()[0]['name']}" in found.headline


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.booleans(), st.booleans())
def test_any_layer_and_tail_are_in_the_text(seed, is_encoded, has_tail):
    draw = Draw(seed=seed, in_channels=1 + 2 * is_encoded, out_channels=1 + seed % 5, is_ternary=bool(seed % 2))
    graph = classifier(draw, [-1, 0, 1], bias=True) if has_tail else network(draw)
    read = program_from_text(program_text(compile_network(graph, SENSOR, placement=DIRECTLY).array))
    (image,) = images(graph, 1, seed)
    (wanted,) = interpret(graph, image[None], graph.outputs).values()
    np.testing.assert_allclose(simulate(read, image).outputs[graph.outputs[0]], wanted[0], rtol=1e-5)


def test_images_are_encoded_as_the_network_does():
    graph = encoded()
    array = program_from_text(program_text(compile_network(graph, SENSOR, pixel_range=(-1, 3)).array))
    grey = np.random.default_rng(5).integers(0, 256, (8, 8, 3), np.uint8)
    values = (-1 + 4 * grey.astype(float) / 255).astype(np.float32)
    wanted = interpret(graph, values[None], graph.outputs)["sign"][0]
    for image in (grey, values):
        np.testing.assert_array_equal(simulate(array, image).outputs["sign"], wanted)


def test_images_of_several_inputs_have_names(tmp_path):
    graph = two_eyes()
    compiled = compile_network(graph, SENSOR)
    path = write_program(compiled.array, tmp_path / "eyes.scamp")
    rng = np.random.default_rng(0)
    given = {name: rng.uniform(-1, 1, (2, 6, 6, 1)).astype(np.float32) for name in ("right", "left")}
    expected = interpret(graph, given, ["softmax"])["softmax"]
    np.testing.assert_allclose(compiled.run(given)["softmax"], expected, rtol=1e-5)
    for index, wanted in enumerate(expected):
        found = simulate(path, {name: image[index] for name, image in given.items()})
        np.testing.assert_allclose(found.scores, wanted, rtol=1e-5)
    image = given["left"][0]
    for wrong, message in (
        (image, "takes the images left, right: give one for each name"),
        ({"left": image}, "needs an image for 'right'"),
        ({"left": image, "right": image, "up": image}, "none called up"),
        ({"left": image, "right": image[1:]}, r"image for 'right' is \[5, 6, 1\]"),
        ({"left": image, "right": np.full((6, 6, 1), np.nan)}, "image for 'right' .* not finite"),
        ({"left": image, "right": np.full((6, 6, 1), 256)}, "image for 'right' goes from 256 to 256"),
    ):
        with pytest.raises(ValueError, match=message):
            simulate(path, wrong)
    with pytest.raises(ValueError, match="as many of each"):
        compiled.run({"left": given["left"], "right": given["right"][:1]})
    with pytest.raises(ValueError, match="give an array for each name"):
        compiled.run(given["left"])


def test_an_image_that_the_controller_needs_too_is_taken():
    """A dense layer over the maps and the image itself, which a program that sees light does not load."""
    graph = network(Draw())
    image, last = graph.inputs[0], graph[graph.outputs[0]]
    sizes = [int(np.prod(op.shape)) for op in (last, image)]
    flats = [
        ops.Reshape(name=f"flat {op.name}", inputs=(op.name,), shape=(size,))
        for op, size in zip((last, image), sizes, strict=True)
    ]
    joined = ops.Concat(name="joined", inputs=tuple(op.name for op in flats), shape=(sum(sizes),))
    weights = np.random.default_rng(3).normal(size=(sum(sizes), 2)).astype(np.float32)
    dense = ops.Dense(name="dense", inputs=("joined",), shape=(2,), kernel=Kernel(weights, None, 32))
    graph = chain("skip", *graph, *flats, joined, dense)
    inputs = images(graph, 2)
    expected = interpret(graph, inputs, ["dense"])["dense"]
    np.testing.assert_allclose(compile_network(graph, SENSOR).run(inputs)["dense"], expected, rtol=1e-4)


def test_classes_must_fit():
    graph = classifier(Draw(), [-1, 1])
    with pytest.raises(ValueError, match="2 names of classes do not fit 'classifier'"):
        compile_network(graph, SENSOR, classes=["a", "b"])
    with pytest.raises(ValueError, match="cannot be written"):
        compile_network(graph, SENSOR, classes=["a", "b", "c\n"])


@pytest.mark.parametrize("packed", [True, False])
def test_a_file_and_its_classes_go_into_a_program(tmp_path, packed):
    """Its classes unless others are given; a packed dense layer is a convolution in the file."""
    graph = classifier(Draw(), [-1, 1], bias=True)
    content = write_tflite(graph, packed=packed, metadata=FileMetadata(("a", "b", "c")))
    (tmp_path / "net.tflite").write_bytes(content)
    for names, expected in ((None, ("a", "b", "c")), (["x", "y", "z"], ("x", "y", "z"))):
        compiled = compile_network(tmp_path / "net.tflite", SENSOR, placement=DIRECTLY, classes=names)
        array = program_from_text(program_text(compiled.array))
        assert array.controller.class_names == expected
    (image,) = images(graph, 1)
    (scores,) = interpret(graph, image[None], ["dense"])["dense"]
    np.testing.assert_allclose(simulate(array, image).scores, scores, rtol=1e-5)


@pytest.fixture(scope="module")
def text() -> str:
    compiled = compile_network(classifier(Draw(), [-1, 1]), SENSOR, placement=DIRECTLY, classes=["a", "b", "c"])
    return program_text(compiled.array)


def part(text: str, mark: str) -> str:
    return "\n".join(line for line in text.splitlines() if line.startswith(mark))


def with_part(text: str, mark: str, graph: QuantGraph) -> str:
    return text.replace(part(text, mark), f"{mark} {base64.b64encode(graph_bytes(graph)).decode()}")


def test_damaged_parts_are_named(text):
    tail = part(text, "#tail:")
    for broken, message in (
        (text.replace(tail, ""), "lines behind '#tail:' are missing"),
        (text.replace(tail, "#tail: AAAA"), "behind '#tail:' cannot be read"),
        (text.replace(tail, "#tail: not base64!"), "behind '#tail:' cannot be read"),
        (text.replace("#tail:", "#nothing:"), "lines behind '#tail:' are missing"),
        (text.replace("classes: [a, b, c]", "classes: [a, b]"), "names 2 classes, which the outputs"),
        (text.replace("classes: [a, b, c]", "classes: [a, b, 3]"), "where a text must stand"),
        (text.replace("outputs: [dense]", "outputs: [dense, more]"), "names 2 outputs of a network that has 1"),
    ):
        assert broken != text
        with pytest.raises(ProgramError, match=message):
            program_from_text(broken)


def test_parts_that_do_not_belong_to_the_program_are_refused(text):
    image = ops.Input(name="image", shape=(8, 8, 1))
    other = ops.Input(name="other", shape=(UNITS,))
    sign_, wide = ops.Input(name="sign", shape=(9, 9, 4)), ops.Input(name="image", shape=(9, 8, 1))
    strange = ops.Unknown(name="dense", inputs=("other",), shape=(UNITS,), kind="Fourier")
    for mark, graph, message in (
        ("#tail:", QuantGraph("t", [other], ["other"]), "takes 'other' .3., which the array does not give"),
        ("#tail:", QuantGraph("t", [sign_, other], ["other"]), "takes 'sign' .9, 9, 4., which the array does not"),
        ("#tail:", QuantGraph("t", [other, strange], ["dense"]), "holds Fourier, which is not understood"),
        ("#encoding:", QuantGraph("e", [wide], []), "is not what the program sees as 'bits'"),
        ("#encoding:", QuantGraph("e", [image, sign("bits", image)], ["bits"]), "does not encode the images as"),
        ("#encoding:", QuantGraph("e", [], []), "the network takes no image"),
    ):
        with pytest.raises(ProgramError, match=message):
            program_from_text(with_part(text, mark, graph))
    large = ops.Input(name="other", shape=(2**20, 2**10))
    with pytest.raises(ProgramError, match="more than there is room for"):
        program_from_text(with_part(text, "#tail:", QuantGraph("t", [large], ["other"])))


def test_a_program_without_a_controller_gives_what_is_read(text):
    """As programs are that were written by hand."""
    bare = program_text(replace(program_from_text(text), controller=None))
    assert "#tail:" not in bare and "controller" not in bare
    found = simulate(program_from_text(bare), np.ones((8, 8, 1), np.float32))
    assert not found.outputs and found.scores is None and found.values["sign"].shape == (6, 6, 4)
