"""The command line in an exchange of the test's own making."""

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from release.app import app
from release.cli_context import CliContext
from release.images import scan
from tests.unit.cli.exchange import BEGAN, Exchange
from tests.unit.cli.scan_scene import Ecr, Scene

Run = Callable[..., Result]


@pytest.fixture
def exchange() -> Exchange:
    return Exchange()


@pytest.fixture
def run(exchange: Exchange) -> Run:
    """`run("start", "client=sha256:…")`, with what is typed when the command asks."""
    context = CliContext(
        settings_of=lambda _environment: exchange.settings,
        clients_in=lambda _region: exchange.client,
        person=lambda: "alice",
        can_ask=lambda: exchange.asks,
        pause=exchange.pause,
        now=BEGAN.timestamp,
    )

    def run(*arguments: str, typed: str = "") -> Result:
        return CliRunner().invoke(app, ["-e", "test", *arguments], obj=context, input=typed, catch_exceptions=False)

    return run


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """A registry and an empty allow-list, for `scan`."""
    config = tmp_path / "config"
    config.mkdir()
    monkeypatch.setattr(scan, "CONFIG", config)
    return Scene(Ecr(), config)
