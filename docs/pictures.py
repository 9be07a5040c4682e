"""Draws the README's pictures from real results: a benchmark's report, and an audit that catches a float layer.

    python docs/pictures.py results/mnist

Needs the extras `tensorflow` and `test`, and Chromium with its driver.
"""

from __future__ import annotations

import io
import shutil
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from selenium import webdriver

import larq_focal as lqf
from larq_focal.keras import keras, larq

IMAGES = Path(__file__).parent / "images"


def draw_report(results: Path) -> None:
    """The first screen of the report in ``results``."""
    options = webdriver.ChromeOptions()
    for flag in ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-background-networking"):
        options.add_argument(flag)
    with tempfile.TemporaryDirectory() as profile:
        options.add_argument(f"--user-data-dir={profile}")
        browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))
        try:
            browser.set_window_size(1280, 1480)
            browser.get((results / "report.html").resolve().as_uri())
            browser.implicitly_wait(5)
            browser.find_element("css selector", ".main-svg")
            browser.save_screenshot(str(IMAGES / "report.png"))
        finally:
            browser.quit()


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
    console = Console(record=True, width=110, file=io.StringIO())
    with tempfile.TemporaryDirectory() as folder:
        console.print(lqf.convert(model, Path(folder) / "network.tflite").audit)
    console.save_svg(str(IMAGES / "audit.svg"), title="larq-focal convert network.keras -o network.tflite")


if __name__ == "__main__":
    IMAGES.mkdir(exist_ok=True)
    draw_audit()
    draw_report(Path(sys.argv[1]))
