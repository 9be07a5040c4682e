"""A real headless Chromium, watched: what it prints to its console and what it asks the network for."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium import webdriver

from tests.support.requirements import require

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-device-scale-factor=1",
    "--hide-scrollbars",
)
_LOCAL = ("file:", "data:", "blob:", "chrome:")


class Browser:
    """One tab. ``driver`` is selenium's own, for what is not here."""

    def __init__(self, driver: Any):
        self.driver = driver

    def open(self, path: Path, *, width: int = 1280, height: int = 900, scheme: str = "light") -> None:
        """Loads a local file in a window of that size, for a reader who prefers the "light" or "dark" scheme."""
        self.prefer(scheme)
        self._resize(width, height)
        self.driver.get(path.as_uri())

    def prefer(self, scheme: str) -> None:
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def run(self, script: str, *arguments: Any) -> Any:
        """Runs the body of a JavaScript function and gives back what it returns."""
        return self.driver.execute_script(script, *arguments)

    def click(self, selector: str) -> None:
        self.driver.find_element("css selector", selector).click()

    def complaints(self) -> list[str]:
        """Errors and warnings on the console since the last call."""
        return [f"{entry['level']}: {entry['message']}" for entry in self.driver.get_log("browser")]

    def external_requests(self) -> list[str]:
        """Addresses asked for since the last call, but local files and what the page holds in itself."""
        messages = (json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance"))
        urls = [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]
        return [url for url in urls if not url.startswith(_LOCAL)]

    def screenshot(self, path: Path) -> None:
        """A picture of the whole page, also of what lies below the window."""
        self._resize(self.run("return innerWidth"), self.run("return document.documentElement.scrollHeight"))
        self.driver.save_screenshot(str(path))

    def _resize(self, width: int, height: int) -> None:
        screen = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)


@contextmanager
def chromium(profile: Path) -> Iterator[Browser]:
    """Starts Chromium with the new, empty folder ``profile`` for its data; skips the test where there is none."""
    binary = next(filter(None, map(shutil.which, _NAMES)), None)
    driver_binary = shutil.which("chromedriver")
    found = {"chromium": binary, "chromium-driver": driver_binary}
    require([package for package, program in found.items() if program is None])
    options = webdriver.ChromeOptions()
    options.binary_location = binary
    for argument in (*_ARGUMENTS, f"--user-data-dir={profile}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver_binary))
    try:
        browser = Browser(driver)
        browser.external_requests()  # those of the browser's own first page
        yield browser
    finally:
        driver.quit()
