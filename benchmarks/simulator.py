"""Speed of the focal-plane simulator on the full SCAMP-5 array; NumPy runs all of it on one core.

Run ``python benchmarks/simulator.py``; it needs nothing but the package, and prints instruction words per second of
its CPU time: for a mix of digital instructions (half adders, and a shift in every 24 words), for each kind alone, and
for analog instructions in exact and in noise mode.
"""

from __future__ import annotations

import time

import numpy as np

from larq_focal.deploy.machine import describe_machine
from larq_focal.focal_plane import load_sensor
from larq_focal.focal_plane.machine import Noise, Simulator, assemble, load_noise

HALF_ADDER = ["NOR(R1, R5, R6)", "NOT(R2, R5)", "NOT(R3, R6)", "NOR(R6, R2, R3)", "NOR(R5, R1, R6)"]
KERNELS = {
    "digital: half adders and shifts": HALF_ADDER * 4 + ["DNEWS(R8, R7, east)", "MOV(R7, R8)"],
    "digital: NOR of two": ["NOR(R5, R6, R7)"] * 10,
    "digital: OR of four": ["OR(R5, R6, R7, R8, R9)"] * 10,
    "digital: MOV": ["MOV(R5, R6)"] * 10,
    "shift: DNEWS0 in one direction": ["DNEWS0(R5, R6)", "DNEWS0(R6, R5)"] * 5,
    "analog: movx, add, sub": ["movx(B, A, north)", "add(B, A, B)", "sub(A, A, B)"] * 3,
    "analog under FLAG": ["WHERE(R5)", *["add(B, A, C)", "sub(A, A, B)"] * 4, "all()"],
}
SECONDS = 1.0


def words_per_second(simulator: Simulator, instructions: list[str]) -> float:
    random = np.random.default_rng(0)
    for name in ("R5", "R6", "R7", "R8", "R9"):
        simulator.array.digital[name][:] = simulator.array.layout.pack(random.random((256, 256)) < 0.5)
    for name in ("A", "B", "C"):
        simulator.array.analog[name][:] = random.integers(-40, 41, (256, 256))
    text = ["kernel timed", *instructions, "end", "kernel east", "CLR(R1, R2, R3)", "SET(R4)", "end"]
    program = assemble(
        "\n".join([*text, "main", "launch(east)", "repeat 20", "launch(timed)", "end", "end"]),
        simulator.instruction_set,
    )
    words, started = 0, time.process_time()
    while (elapsed := time.process_time() - started) < SECONDS:
        words += simulator.run(program).total_icw
    return words / elapsed


def main() -> None:
    machine = describe_machine()
    print(
        f"{machine['cpu']}, {machine['cores']} cores, of which one is used, Python {machine['python']}; 256x256 pixels"
    )
    sensor = load_sensor("scamp5")
    noisy = Noise(load_noise("scamp5"), sensor)
    for name, instructions in KERNELS.items():
        print(f"{name:40} {words_per_second(Simulator(sensor), instructions):12,.0f} words/s")
    analog = "analog: movx, add, sub"
    print(f"{analog + ' (noise)':40} {words_per_second(Simulator(sensor, noisy), KERNELS[analog]):12,.0f} words/s")


if __name__ == "__main__":
    main()
