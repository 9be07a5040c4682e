"""Draws the README's pictures from real results: what its lines print, a report, an audit, a program of the array.

    python docs/pictures.py results/mnist

Needs the extras `larq` and `test`, and Chromium with its driver.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from rich.console import Console
from selenium import webdriver
from sklearn.datasets import load_digits

import larq_focal as lqf
from larq_focal.keras import keras, larq
from larq_focal.report import write_program_page

IMAGES = Path(__file__).parent / "images"
README = Path(__file__).parents[1] / "README.md"
STEPPED_DIGIT, STEP, WHOLE = 8, 150, (0, 0, 255, 255)


@contextmanager
def browser(width: int, height: int) -> Iterator[webdriver.Chrome]:
    """A Chromium of its own, with a window of that many pixels."""
    options = webdriver.ChromeOptions()
    for flag in ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-background-networking"):
        options.add_argument(flag)
    with tempfile.TemporaryDirectory() as profile:
        options.add_argument(f"--user-data-dir={profile}")
        opened = webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))
        try:
            opened.set_window_size(width, height)
            opened.implicitly_wait(5)
            yield opened
        finally:
            opened.quit()


def draw_report(results: Path) -> None:
    """The first screen of the report in ``results``."""
    with browser(1280, 1480) as window:
        window.get((results / "report.html").resolve().as_uri())
        window.find_element("css selector", ".main-svg")
        window.save_screenshot(str(IMAGES / "report.png"))


def draw_program() -> None:
    """A step of a compiled network, on a handwritten digit."""
    digit = load_digits().images[STEPPED_DIGIT]
    image = (digit / 16 - 0.5).astype(np.float32)[None, ..., None]
    inspected = lqf.inspect_network(lqf.zoo.two_layer("ste_sign", weights="digits"), "scamp5", image, region=WHOLE)
    with tempfile.TemporaryDirectory() as folder, browser(1280, 1800) as window:
        page = write_program_page(inspected.to_page(), Path(folder) / "program.html")
        window.get(page.resolve().as_uri())
        slider = window.find_element("css selector", "input[type=range]")
        window.execute_script(
            "arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('input'))", slider, STEP
        )
        slider.find_element("xpath", "ancestor::section").screenshot(str(IMAGES / "program.png"))


def draw_ten_lines() -> None:
    """What the README's example prints, in colours."""
    (example,) = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.S)
    console = Console(record=True, width=80, file=io.StringIO(), highlight=False)
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            exec(compile(example, "README.md", "exec"), {"print": console.print})
        finally:
            os.chdir(before)
    console.save_svg(str(IMAGES / "ten_lines.svg"), title="python example.py")


def draw_audit() -> None:
    """A network of which one layer, against its intention, stays float."""
    layers = [keras.layers.Input((16, 16, 3), name="image")]
    for name, quantizer in (("stem", None), ("block_1", "ste_sign"), ("block_2", "magnitude_aware_sign")):
        layers += [
            larq.layers.QuantConv2D(
                64,
                3,
                padding="same",
                pad_values=1 if quantizer else 0,
                use_bias=False,
                input_quantizer=quantizer,
                kernel_quantizer="ste_sign" if quantizer else None,
                kernel_constraint="weight_clip" if quantizer else None,
                name=name,
            ),
            keras.layers.BatchNormalization(name=f"{name}_norm"),
        ]
    model = keras.Sequential([*layers, keras.layers.GlobalAveragePooling2D()], name="network")
    console = Console(record=True, width=80, file=io.StringIO(), highlight=False)
    with tempfile.TemporaryDirectory() as folder:
        console.print(lqf.convert(model, Path(folder) / "network.tflite").audit)
    console.save_svg(str(IMAGES / "audit.svg"), title="larq-focal convert network.keras -o network.tflite")


if __name__ == "__main__":
    IMAGES.mkdir(exist_ok=True)
    draw_ten_lines()
    draw_audit()
    draw_program()
    draw_report(Path(sys.argv[1]))
