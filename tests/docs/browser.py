"""A real browser without a window, driven over its DevTools protocol."""

import base64
import json
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--remote-debugging-port=0",
    "--window-size=1200,900",
]


def find() -> str | None:
    """Return the path of a browser, if one is installed."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Page:
    """A page of the browser."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._ids = count(1)
        for domain in ("Page", "Runtime"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **params: Any) -> Any:
        message = self._ask(method, **params)
        assert "error" not in message, message["error"]
        return message["result"]

    def open(self, url: str) -> None:
        self._leave("Page.navigate", url=url)

    def reload(self) -> None:
        self._leave("Page.reload")

    def evaluate(self, code: str) -> Any:
        """Return what *code* comes to in the page."""
        got = self.send("Runtime.evaluate", expression=code, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in got, got["exceptionDetails"]
        return got["result"].get("value")

    def text(self, selector: str) -> str:
        """Return the text that is shown there, or nothing while nothing is there."""
        return str(self.evaluate(f"document.querySelector({json.dumps(selector)})?.innerText ?? ''"))

    def click(self, selector: str) -> None:
        self.evaluate(f"document.querySelector({json.dumps(selector)}).click()")

    def fill(self, selector: str, value: str) -> None:
        self.evaluate(
            f"""(() => {{
                const field = document.querySelector({json.dumps(selector)});
                field.value = {json.dumps(value)};
                for (const type of ["input", "change"]) field.dispatchEvent(new Event(type, {{ bubbles: true }}));
            }})()"""
        )

    def wait(self, selector: str, text: str) -> str:
        """Return the text shown there, once it holds *text*."""
        end = time.monotonic() + 10
        while text not in (shown := self.text(selector)):
            assert time.monotonic() < end, f"{selector} shows {shown!r}, not {text!r}; {self.text('#trouble')}"
            time.sleep(0.05)
        return shown

    def _ask(self, method: str, **params: Any) -> Any:
        id = next(self._ids)
        self._socket.send(json.dumps({"id": id, "method": method, "params": params}))
        while True:
            message = json.loads(self._socket.recv(timeout=10))
            if message.get("id") == id:
                return message

    def _leave(self, method: str, **params: Any) -> None:
        """Go to another document, and return once it is there: what is asked before that is answered by the old one."""
        self.evaluate("window.isLeft = true")
        self.send(method, **params)
        end = time.monotonic() + 10
        while not self._has_arrived():
            assert time.monotonic() < end, f"the browser did not {method}"
            time.sleep(0.02)

    def _has_arrived(self) -> bool:
        """Between two documents there is nothing that could answer."""
        message = self._ask("Runtime.evaluate", expression="!window.isLeft && document.readyState === 'complete'")
        return "error" not in message and message["result"]["result"].get("value") is True

    def screenshot(self, path: Path) -> None:
        shot = self.send("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(shot["data"]))


@contextmanager
def browsing(browser: str, folder: Path) -> Iterator[Page]:
    """Open a browser with an empty page; it keeps what it writes in *folder*."""
    with subprocess.Popen(
        [browser, *FLAGS, f"--user-data-dir={folder}", "about:blank"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            with connect(_page_of(folder / "DevToolsActivePort", process), max_size=None) as socket:
                yield Page(socket)
        finally:
            process.terminate()


def _page_of(file: Path, process: "subprocess.Popen[bytes]") -> str:
    end = time.monotonic() + 15
    while time.monotonic() < end and process.poll() is None:
        if file.exists() and (lines := file.read_text().splitlines()):
            with urllib.request.urlopen(f"http://127.0.0.1:{lines[0]}/json/list", timeout=5) as answer:
                pages = [target for target in json.load(answer) if target["type"] == "page"]
            if pages:
                return str(pages[0]["webSocketDebuggerUrl"])
        time.sleep(0.05)
    raise AssertionError("the browser did not start")
