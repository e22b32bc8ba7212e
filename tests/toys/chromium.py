"""A headless Chromium that tests ask questions, over the pipes of its debugging protocol: no port, no library."""

import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CHROMIUM = shutil.which("chromium")
_FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars")
_QUIET = ("--disable-background-networking", "--disable-component-update", "--disable-sync")
_PATIENCE = 240  # seconds for an answer: the machine may be busy


class Tab:
    """One page of the browser."""

    def __init__(self, to: int, back: int):
        self._to, self._back, self._session, self._number, self._rest = to, back, "", 0, b""
        self.events: list[dict[str, Any]] = []
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Accessibility"):
            self.ask(f"{domain}.enable")

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """The answer to a command of the protocol."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self._number:
                assert "error" not in answer, f"{method}: {answer}"
                return answer["result"]
            self.events.append(answer)

    def show(self, page: Path, width: int) -> None:
        """Open a file in a window of this width, and wait until it is there."""
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        del self.events[:]
        self.ask("Page.navigate", url=page.resolve().as_uri())
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self._read())

    def say(self, expression: str) -> Any:
        """The value of an expression in the page."""
        told = self.ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in told, told
        return told["result"].get("value")

    def names(self) -> list[dict[str, Any]]:
        """What assistive technology is told: role and name of every node, in order."""
        nodes = self.ask("Accessibility.getFullAXTree")["nodes"]
        return [
            {"role": node["role"]["value"], "name": node.get("name", {}).get("value", "")}
            | {each["name"]: each["value"].get("value") for each in node.get("properties", [])}
            for node in nodes
            if not node.get("ignored") and "role" in node
        ]

    def complaints(self) -> list[dict[str, Any]]:
        """What the page wrote to the console, and errors."""
        kinds = ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded")
        return [event for event in self.events if event.get("method") in kinds]

    def _read(self) -> dict[str, Any]:
        until = time.monotonic() + _PATIENCE
        while b"\0" not in self._rest:
            # A pipe without a writer's word would be waited for without end.
            answers, _, _ = select.select([self._back], [], [], max(until - time.monotonic(), 0.0))
            assert answers, "the browser does not answer"
            read = os.read(self._back, 1 << 20)
            assert read, "the browser has ended"
            self._rest += read
        text, _, self._rest = self._rest.partition(b"\0")
        return json.loads(text)


@contextmanager
def browser(profile: Path) -> Iterator[Tab]:
    """A browser with an empty profile in a folder; it ends with the block."""
    assert CHROMIUM is not None
    theirs_in, to = os.pipe()
    back, theirs_out = os.pipe()
    # The protocol reads descriptor 3 and writes 4, whatever these pipes are called here.
    command = 'in=$1; out=$2; shift 2; exec "$@" 3<&"$in" 4>&"$out"'
    flags = [*_FLAGS, *_QUIET, f"--user-data-dir={profile}", "--remote-debugging-pipe"]
    with (profile.parent / "chromium.log").open("wb") as log:
        process = subprocess.Popen(
            ["bash", "-c", command, "bash", str(theirs_in), str(theirs_out), CHROMIUM, *flags],
            pass_fds=(theirs_in, theirs_out),
            stdout=log,
            stderr=log,
        )
    for each in (theirs_in, theirs_out):
        os.close(each)
    try:
        yield Tab(to, back)
    finally:
        process.terminate()
        process.wait(timeout=60)
        for each in (to, back):
            os.close(each)
