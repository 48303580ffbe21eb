"""Debian's Chromium without a window, driven by its own protocol; nothing is downloaded.

Every tab is a visitor of its own, with empty cookies and storage.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.processes import eventually

LEAVE_SECONDS = 10.0
NAMES = ("chromium", "chromium-browser", "google-chrome")
# Without a sandbox: tests run as root in containers. Without Chromium's own talk to its makers.
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--disable-dev-shm-usage", "--remote-debugging-port=0", "about:blank"),
)


def chromium() -> str:
    """The program; a machine without it skips the test, but CI fails."""
    found = next((path for path in map(shutil.which, NAMES) if path), None)
    if found is None:
        told = "Chromium is needed for tests of the page script: apt-get install chromium"
        if os.environ.get("CI") == "true":
            pytest.fail(told)
        pytest.skip(told)
    return found


class Chromium:
    """A running browser; its calls are made one after another."""

    def __init__(self, url: str) -> None:
        self._numbers = itertools.count(1)
        self._runner = asyncio.Runner()
        self._runner.run(self._connect(url))

    async def _connect(self, url: str) -> None:
        self._http = aiohttp.ClientSession()
        self._socket = await self._http.ws_connect(url, max_msg_size=0)

    def call(self, method: str, session: str | None = None, **parameters: Any) -> Any:
        """The result of a method of the DevTools protocol."""
        return self._runner.run(self._call(method, session, parameters))

    async def _call(self, method: str, session: str | None, parameters: dict[str, Any]) -> Any:
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters}
        await self._socket.send_json({**message, "sessionId": session} if session else message)
        while True:
            answer = json.loads(await self._socket.receive_str(timeout=30))
            if answer.get("id") == number:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return answer["result"]

    def tab(self) -> Tab:
        """A tab of a visitor who was never here before."""
        context = self.call("Target.createBrowserContext")["browserContextId"]
        target = self.call("Target.createTarget", url="about:blank", browserContextId=context)
        attached = self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        return Tab(self, attached["sessionId"], context)

    def close(self) -> None:
        """End the connection."""
        self._runner.run(self._http.close())
        self._runner.close()


class Tab:
    """A tab in which pages are shown."""

    def __init__(self, browser: Chromium, session: str, context: str) -> None:
        self._browser = browser
        self._session = session
        self._context = context
        browser.call("Page.enable", session)

    def show(self, url: str) -> None:
        """Go to a page as if its address had been typed, and wait until it is there."""
        self._browser.call("Page.navigate", self._session, url=url)
        self.await_page(url)

    def await_page(self, url: str) -> None:
        """Wait until a page and all it needs are there."""
        there = f"location.href === {json.dumps(url)} && document.readyState === 'complete'"
        eventually(lambda: self.run(there), within_seconds=30)

    def leave_for(self, url: str) -> bool:
        """Have the page that is shown go elsewhere; whether it went, and was not given a file."""
        before = self.run("location.href")
        self.run(f"location.href = {json.dumps(url)}")
        gone = f"location.href !== {json.dumps(before)} && document.readyState === 'complete'"
        deadline = time.monotonic() + LEAVE_SECONDS
        while not self.run(gone):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)  # a page that gives way tells nobody
        return True

    def run(self, script: str) -> Any:
        """The value of an expression on the page; None while one page gives way to the next."""
        result = self._browser.call(
            "Runtime.evaluate", self._session, expression=script, returnByValue=True
        )
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def send_headers(self, headers: dict[str, str]) -> None:
        """Send headers with each request, as a browser does that was set up so."""
        self._browser.call("Network.enable", self._session)
        self._browser.call("Network.setExtraHTTPHeaders", self._session, headers=headers)

    def close(self) -> None:
        """The visitor leaves for good."""
        self._browser.call("Target.disposeBrowserContext", browserContextId=self._context)

    def before_every_page(self, script: str) -> None:
        """Run a script before those of each page to come."""
        method = "Page.addScriptToEvaluateOnNewDocument"
        self._browser.call(method, self._session, source=script)


@contextmanager
def running_chromium(profile: Path, *flags: str) -> Iterator[Chromium]:
    """A browser with a new profile in a folder."""
    command = [chromium(), f"--user-data-dir={profile}", *flags, *FLAGS]
    note = profile / "DevToolsActivePort"
    with (profile.with_name("chromium.log")).open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        eventually(lambda: note.exists() and note.read_text().count("\n") == 1)
        port, path = note.read_text().split()
        browser = Chromium(f"ws://127.0.0.1:{port}{path}")
        yield browser
        browser.close()
    finally:
        process.terminate()
        process.wait(30)
