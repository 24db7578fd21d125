"""A component's process under test, and plain requests to it."""

import json
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple


class Answer(NamedTuple):
    """What came back; `body` is parsed when it is JSON."""

    status: int
    body: Any
    headers: Mapping[str, str]


class Running:
    """A service of a component, started from its built image."""

    def __init__(self, service: str, folder: Path, environment: Mapping[str, str], digest: str) -> None:
        self.digest = digest
        self.base = f"http://{environment['BIND_ADDRESS']}:{environment['PORT']}"
        self._service, self._folder, self._environment = service, folder, dict(environment)
        self.process = subprocess.Popen([f"bin/{service}"], cwd=folder, env=self._environment)  # noqa: S603

    def get(self, path: str) -> Answer:
        return self._ask(urllib.request.Request(self.base + path))  # noqa: S310

    def post(self, path: str, body: Mapping[str, Any], **headers: str) -> Answer:
        return self._ask(urllib.request.Request(self.base + path, json.dumps(body).encode(), headers))  # noqa: S310

    def metrics(self) -> dict[str, float]:
        return {name: float(value) for name, value in (line.split() for line in self.get("/metrics").body.splitlines())}

    def healthy(self) -> bool:
        """The container health check."""
        command = ["bin/healthcheck", self._service]
        return subprocess.run(command, cwd=self._folder, env=self._environment, check=False).returncode == 0  # noqa: S603

    def wait_until_serving(self, path: str) -> "Running":
        wait_until(lambda: self._status(path) == 200)
        return self

    def wait_until_healthy(self) -> "Running":
        wait_until(self.healthy)
        return self

    def memory_mb(self) -> float:
        lines = Path(f"/proc/{self.process.pid}/smaps_rollup").read_text().splitlines()
        return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024

    def terminate(self) -> int:
        """SIGTERM; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=120)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def _status(self, path: str) -> int:
        try:
            return self.get(path).status
        except OSError:
            return 0

    @staticmethod
    def _ask(request: urllib.request.Request) -> Answer:
        try:
            with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310
                return Answer(response.status, _parsed(response.read()), dict(response.headers))
        except urllib.error.HTTPError as error:
            return Answer(error.code, _parsed(error.read()), dict(error.headers))


def wait_until(condition: Callable[[], bool], *, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"it did not happen within {seconds} s"
        time.sleep(0.03)


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body.decode()
