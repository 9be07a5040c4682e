"""Holds PixelRNN, compiled from its published weights, against its authors' simulation and what their chip answered.

    python -m benchmarks.pixelrnn pixelrnn_chip.npz [--videos 90] [--pictures docs/images]

The file holds, of the 90 public test videos: ``binarized``, ``quantized``, ``hidden``, ``forget_gate`` (signs, packed
along the last axis), ``conv1post`` and ``gate_sums`` (10 s + 127, clipped, of sums s), ``chip_output``, ``labels``, the
weights (see ``PixelRnnNetwork.read``) and the authors' decoder, tuned on the chip's outputs. It prints

* whether every plane of every frame is what the authors simulated: maps and gate sums without noise, the state with the
  noisy bits as they recorded them;
* what the decoder reads from the chip's outputs, and from simulated ones;
* how the chip's outputs lie to the simulated ones;
* what a decoder reads that is tuned on simulated outputs with noise, by cross-validation over the videos.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from larq_focal.focal_plane.adaptive.pixel_rnn_network import FRAMES, PixelRnnNetwork, mosaic
from larq_focal.focal_plane.compiler import compile_network
from larq_focal.focal_plane.machine import Simulator

NOISE = 0.6  # standard deviation on sums, with which the authors train
FOLDS = 10
UNIT_VIDEOS = 9  # of which gate sums are recorded


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--videos", type=int, default=90, help="whose maps are simulated")
    parser.add_argument("--pictures", type=Path, help="a folder for pictures of three videos")
    arguments = parser.parse_args()
    network, data = PixelRnnNetwork.read(arguments.data), dict(np.load(arguments.data))
    compare_maps(network, data, arguments.videos)
    compare_unit(network, data)
    compare_keras(network, data, arguments.data)
    outputs = simulated_outputs(network, data)
    compare_with_chip(data, outputs)
    cross_validate(network, data)
    if arguments.pictures:
        draw(data, outputs, arguments.pictures)


def signs(data: dict[str, np.ndarray], key: str) -> np.ndarray:
    return np.unpackbits(data[key], axis=-1).astype(np.int8) * 2 - 1


def grey(sums: np.ndarray) -> np.ndarray:
    """As the authors store sums."""
    return np.clip(10 * sums.astype(int) + 127, 0, 255)


def compare_maps(network: PixelRnnNetwork, data: dict[str, np.ndarray], videos: int) -> None:
    compiled = compile_network(network.maps_graph(), "scamp5", placement="interleaved")
    frames = signs(data, "binarized")[:videos].reshape(-1, 64, 64, 1).astype(np.float32)
    found = mosaic(compiled.run(frames)["maps"])
    sums = np.rint((data["conv1post"][:videos].reshape(-1, 64, 64).astype(float) - 127) / 10)
    expected = np.where(sums >= network.map_threshold, 1, -1)
    print(f"maps: {compiled.total_icw:,} words, {compiled.store_icw} in the store, {calls(compiled)}")
    print(f"maps of {len(frames):,} frames: {np.count_nonzero(found != expected)} of {found.size:,} pixels differ")
    recorded = signs(data, "quantized")[:videos].reshape(-1, 64, 64)
    print(f"the authors' noisy maps agree with them on {np.mean(recorded == expected):.2%}")


def compare_unit(network: PixelRnnNetwork, data: dict[str, np.ndarray]) -> None:
    """Frame by frame, the state on the array; before each frame the recorded, noisy state is put there."""
    unit = compile_network(network.unit_graph(), "scamp5", placement="interleaved", state={"h": "next"})
    print(f"unit: {unit.total_icw:,} words, {unit.store_icw} in the store, {calls(unit)}")
    seen, state, forget = (signs(data, key) for key in ("quantized", "hidden", "forget_gate"))
    simulator, layout = Simulator(unit.sensor), None
    register = unit.state_registers["h"]
    off, differ, clipped, forgets = 0, 0, 0, []
    for number, video in enumerate(data["gate_videos"][:UNIT_VIDEOS]):
        for frame in range(FRAMES):
            layout = simulator.array.layout
            before = np.zeros((layout.height, layout.width), bool)
            before[:64, :64] = state[video, frame] > 0
            simulator.array.digital[register][:] = layout.pack(before)
            values, _ = unit.array.frame(simulator, {"x": seen[video, frame][..., None]})
            recorded = data["gate_sums"][number, frame].astype(int)
            for name, part in (("output_input", recorded[64:, :64]), ("output_hidden", recorded[64:, 64:])):
                off = max(off, int(np.abs(grey(values[name][..., 0]) - part).max()))
            parts = recorded[:64, :64], recorded[:64, 64:]
            gate = grey_sums(parts[0]) + grey_sums(parts[1])
            told = np.all([(part > 0) & (part < 255) for part in parts], 0)  # others are clipped, and may be anything
            clipped += np.count_nonzero(~told)
            differ += np.count_nonzero(((values["forget"][..., 0] > 0) != (gate >= network.forget_threshold)) & told)
            differ += np.count_nonzero(values["next"][..., 0] != values["forget"][..., 0] * state[video, frame])
            forgets.append(np.mean(values["forget"][..., 0] == forget[video, frame]))
    print(
        f"unit on {len(forgets)} frames: output sums within {off} grey level of those recorded, {differ} pixels of the"
    )
    print(
        f"forget gate and of the next state differ, but for {clipped} of {len(forgets) * 64 * 64:,} whose recorded sums"
    )
    print(f"are clipped; the recorded, noisy gate agrees on {np.mean(forgets):.2%}")
    follows = state[:, 1:] == forget[:, :-1] * state[:, :-1]
    print(f"recorded states that are the recorded gate times the state before: {follows.mean():.2%}")


def compare_keras(network: PixelRnnNetwork, data: dict[str, np.ndarray], path: Path) -> None:
    """The network of the zoo with the published weights: its stages frame by frame, and the whole."""
    from larq_focal.zoo import pixelrnn, pixelrnn_stages

    model = pixelrnn(weights=path)
    maps, unit = pixelrnn_stages(model)
    pixels = signs(data, "binarized")
    frames = pixels.reshape(-1, 64, 64, 1).astype(np.float32)
    found = mosaic(maps.predict(frames, batch_size=144, verbose=0))
    expected = np.where(grey_sums(data["conv1post"].astype(float)) >= network.map_threshold, 1, -1)
    differ = np.count_nonzero(found != expected.reshape(found.shape))
    print(f"Keras, maps of {len(frames):,} frames: {differ} of {found.size:,} pixels differ")
    videos = data["gate_videos"][:UNIT_VIDEOS]
    seen, state = (signs(data, key)[videos].reshape(-1, 64, 64) for key in ("quantized", "hidden"))
    given = [separated(seen).astype(np.float32), state[..., None].astype(np.float32)]
    following = unit.predict(given, batch_size=144, verbose=0)[1][..., 0]
    recorded = data["gate_sums"][: len(videos)].reshape(-1, 128, 128).astype(float)
    parts = recorded[:, :64, :64], recorded[:, :64, 64:]
    told = np.all([(part > 0) & (part < 255) for part in parts], 0)  # others are clipped, and may be anything
    gate = np.where(grey_sums(parts[0]) + grey_sums(parts[1]) >= network.forget_threshold, 1, -1)
    differ = np.count_nonzero((following != gate * state) & told)
    print(f"Keras, next states of {len(state)} frames: {differ} of {np.count_nonzero(told):,} pixels differ")
    logits = model.predict(np.moveaxis(pixels, 1, -1).astype(np.float32), batch_size=9, verbose=0)
    own = decoded(data, simulated_outputs(network, data))
    right, alike = np.mean(logits.argmax(1) == data["labels"]), np.mean(logits.argmax(1) == own)
    print(f"Keras, classes of {len(logits)} videos: {right:.2%} right, {alike:.2%} those of the simulated outputs")


def separated(plane: np.ndarray) -> np.ndarray:
    """The maps ``[N, 16, 16, 16]`` of mosaics ``[N, 64, 64]``."""
    return plane.reshape(-1, 4, 16, 4, 16).transpose(0, 2, 4, 1, 3).reshape(-1, 16, 16, 16)


def grey_sums(values: np.ndarray) -> np.ndarray:
    return np.rint((values - 127) / 10)


def calls(compiled) -> str:
    return ", ".join(f"{count} {name}" for name, count in compiled.calls.items())


def convolved(values: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Over ``[N, 64, 64]``, with zeros around: the specification, which the compiled unit equals."""
    padded = np.pad(values.astype(np.int16), ((0, 0), (2, 2), (2, 2)))
    return sum(kernel[r, c] * padded[:, r : r + 64, c : c + 64] for r in range(5) for c in range(5))


def simulated_outputs(
    network: PixelRnnNetwork, data: dict[str, np.ndarray], noise: float = 0.0, seed: int = 0
) -> np.ndarray:
    """The output sums ``[videos, 64, 64]`` behind the last frame; with noise on every sum that is compared."""
    rng = np.random.default_rng(seed)
    sums = grey_sums(data["conv1post"].astype(float))

    def noisy(values: np.ndarray) -> np.ndarray:
        return values + noise * rng.standard_normal(values.shape) if noise else values

    state = np.ones((len(sums), 64, 64), int)
    for frame in range(FRAMES):
        seen = np.where(noisy(sums[:, frame]) >= network.map_threshold, 1, -1)
        output = noisy(convolved(seen, network.output_input) + convolved(state, network.output_hidden))
        gate = noisy(convolved(seen, network.forget_input) + convolved(state, network.forget_hidden))
        state = state * np.where(gate >= network.forget_threshold, 1, -1)
    return output


def chip_outputs(data: dict[str, np.ndarray]) -> np.ndarray:
    return (data["chip_output"][:, 128:192, 128:192].astype(float) - 127) / 10


def decoded(data: dict[str, np.ndarray], outputs: np.ndarray) -> np.ndarray:
    """The classes by the authors' decoder."""
    mean, variance, gamma, beta = data["decoder_norm"]
    z = np.tanh((-outputs - mean) / np.sqrt(variance + 1e-5) * gamma + beta) - data["thresh3"]
    return (z.reshape(len(z), -1) @ data["decoder_weight"].T + data["decoder_bias"]).argmax(1)


def compare_with_chip(data: dict[str, np.ndarray], outputs: np.ndarray) -> None:
    labels, chip = data["labels"], chip_outputs(data)
    print("\n| the authors' decoder reads | right |\n| --- | ---: |")
    for name, values in (
        ("the chip's outputs", chip),
        ("simulated outputs without noise, as they lie", outputs),
        ("the same, turned by 180 degrees", outputs[:, ::-1, ::-1]),
        ("the same, mirrored", outputs[:, :, ::-1]),
    ):
        print(f"| {name} | {np.mean(decoded(data, values) == labels):.2%} |")
    print("\n| simulated output | correlation with the chip's | of each pixel over the videos |\n| --- | ---: | ---: |")
    for turn in range(8):
        turned = np.rot90(outputs, turn % 4, (1, 2))
        turned = turned[:, :, ::-1] if turn > 3 else turned
        whole = np.corrcoef(turned.ravel(), chip.ravel())[0, 1]
        name = f"turned by {90 * (turn % 4)} degrees" + ", mirrored" * (turn > 3)
        print(f"| {name} | {whole:.3f} | {over_videos(turned, chip):.3f} |")

    print("\n| displaced by rows, columns | correlation of each pixel over the videos | smoothed over 5x5 |")
    print("| --- | ---: | ---: |")
    best, *others = sorted(displacements(), key=lambda by: -over_videos(displaced(outputs, by), chip))
    for by in ((0, 0), best, *others[:3]):
        raw, smooth = (
            over_videos(displaced(outputs, by), chip),
            over_videos(smoothed(displaced(outputs, by)), smoothed(chip)),
        )
        print(f"| {by[0]}, {by[1]} | {raw:.3f} | {smooth:.3f} |")
    print("\nThe 16 maps of the mosaic, smoothed and displaced by the best:\n")
    maps = [smoothed(displaced(outputs, best)), smoothed(chip)]
    for row in range(0, 64, 16):
        parts = ([part[:, row : row + 16, column : column + 16] for part in maps] for column in range(0, 64, 16))
        print("| " + " | ".join(f"{over_videos(*pair):.2f}" for pair in parts) + " |")


DISPLACED = (3, -4)  # by how many rows and columns the chip's outputs lie off, as this benchmark finds
_FARTHEST = 8


def displacements() -> list[tuple[int, int]]:
    reach = range(-_FARTHEST, _FARTHEST + 1)
    return [(rows, columns) for rows in reach for columns in reach]


def displaced(outputs: np.ndarray, by: tuple[int, int]) -> np.ndarray:
    return np.roll(outputs, by, (1, 2))


def smoothed(outputs: np.ndarray) -> np.ndarray:
    padded = np.pad(outputs.astype(float), ((0, 0), (2, 2), (2, 2)))
    return sum(padded[:, r : r + 64, c : c + 64] for r in range(5) for c in range(5)) / 25


def over_videos(x: np.ndarray, y: np.ndarray) -> float:
    """The correlation of what is not alike in all videos."""
    return correlation(x - x.mean(0), y - y.mean(0))


def correlation(x: np.ndarray, y: np.ndarray) -> float:
    return float((x * y).sum() / np.sqrt((x * x).sum() * (y * y).sum()))


def cross_validate(network: PixelRnnNetwork, data: dict[str, np.ndarray]) -> None:
    """A linear decoder by ridge regression, tuned on outputs of nine tenths of the videos and read on the others."""
    labels, chip = data["labels"], chip_outputs(data)
    folds = np.random.default_rng(0).permutation(len(labels)) % FOLDS
    clean = [simulated_outputs(network, data)]
    noisy = [simulated_outputs(network, data, NOISE, seed) for seed in range(8)]
    print("\n| decoder tuned on | read on | right, of videos left out |\n| --- | --- | ---: |")
    for tuned_name, tuned, read_name, read in (
        ("simulated outputs", clean, "simulated outputs", clean[0]),
        ("eight noisy simulations", noisy, "a ninth", simulated_outputs(network, data, NOISE, 99)),
        ("eight noisy simulations", noisy, "the chip's outputs", chip),
        (
            f"eight noisy simulations, displaced by {DISPLACED[0]}, {DISPLACED[1]}",
            [displaced(each, DISPLACED) for each in noisy],
            "the chip's outputs",
            chip,
        ),
        (
            "the same, smoothed over 5x5",
            [smoothed(displaced(each, DISPLACED)) for each in noisy],
            "the chip's outputs, smoothed",
            smoothed(chip),
        ),
        ("the chip's outputs", [chip], "the chip's outputs", chip),
    ):
        right = 0
        for fold in range(FOLDS):
            kept, left = folds != fold, folds == fold
            x = np.concatenate([outputs[kept] for outputs in tuned])
            weights = ridge(x, np.tile(labels[kept], len(tuned)))
            right += np.count_nonzero(scores(read[left], read[kept], x, weights).argmax(1) == labels[left])
        print(f"| {tuned_name} | {read_name} | {right / len(labels):.1%} |")


def ridge(x: np.ndarray, labels: np.ndarray, penalty: float = 1000.0) -> np.ndarray:
    """Weights ``[videos, classes]`` of the kernel form, whose matrix is as small as the videos are few."""
    flat = normalised(x, x)
    kernel = flat @ flat.T
    return np.linalg.solve(kernel + penalty * np.eye(len(kernel)), np.eye(9)[labels] - 1 / 9)


def scores(x: np.ndarray, by: np.ndarray, tuned: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return normalised(x, by) @ normalised(tuned, tuned).T @ weights


def normalised(x: np.ndarray, by: np.ndarray) -> np.ndarray:
    """Less the mean of ``by``, outputs of the same kind, which needs no labels."""
    return ((x - by.mean(0)) / (by.std() + 1e-9)).reshape(len(x), -1)


def draw(data: dict[str, np.ndarray], outputs: np.ndarray, folder: Path) -> None:
    """Of the first video of three classes the last frame, the simulated output and the chip's, and both smoothed."""
    from PIL import Image

    rows = []
    for label in (0, 3, 6):
        video = int(np.flatnonzero(data["labels"] == label)[0])
        smooth = smoothed(displaced(outputs, DISPLACED))[video], smoothed(chip_outputs(data))[video]
        parts = (
            data["frames"][video, -1],
            grey(outputs[video]),
            data["chip_output"][video, 128:192, 128:192],
            *(np.clip(127 + 40 * (part - part.mean()) / part.std(), 0, 255) for part in smooth),
        )
        rows.append(np.hstack([np.pad(part.astype(np.uint8), 2, constant_values=255) for part in parts]))
    picture = Image.fromarray(np.vstack(rows))
    folder.mkdir(parents=True, exist_ok=True)
    picture.resize((picture.width * 3, picture.height * 3), Image.NEAREST).save(folder / "pixelrnn.png", optimize=True)
    print(f"wrote {folder / 'pixelrnn.png'}")


if __name__ == "__main__":
    main()
