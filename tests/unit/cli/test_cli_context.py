"""What the command line takes from the world and gives to it: credentials, a terminal or a log, and signals."""

import getpass
import io
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from release.app import app
from release.cli_context import CliContext, callers_region, clients_in
from release.command_line import terminated_as_interrupted, undisturbed
from release.progress import Display, StateEntered

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def no_account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As for a person who is not logged in."""
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def test_without_credentials_it_says_what_to_set() -> None:
    result = CliRunner().invoke(app, ["-e", "prod2", "status"])
    assert result.exit_code == 2
    assert "no AWS credentials" in result.stderr
    assert "AWS_PROFILE" in result.stderr


def test_an_unknown_environment_is_refused_with_those_that_there_are() -> None:
    result = CliRunner().invoke(app, ["status"], env={"EXCHANGE_ENVIRONMENT": "nowhere"})
    assert result.exit_code == 2
    assert "prod2" in result.stderr


@pytest.mark.parametrize("name", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_the_callers_region_is_that_of_the_standard_variables(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    assert callers_region() is None
    monkeypatch.setenv(name, "eu-west-1")
    assert callers_region() == "eu-west-1"


def test_settings_that_name_a_region_come_before_the_callers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    assert CliContext("prod2").settings().region == "us-west-2"


def test_another_endpoint_is_a_matter_of_the_standard_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
    client = clients_in("us-west-2")("stepfunctions")
    assert client.meta.endpoint_url == "http://127.0.0.1:4566"
    assert client.meta.region_name == "us-west-2"


def test_a_user_without_a_name_may_release_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def nameless() -> str:
        raise KeyError("getpwuid(): uid not found: 4711")

    monkeypatch.setattr(getpass, "getuser", nameless)
    assert CliContext().person() == "unknown"


def test_it_runs_as_a_module() -> None:
    command = [sys.executable, "-m", "release", "--help"]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603
    assert all(word in shown.stdout for word in ("start", "rollback", "status", "--environment"))


def test_the_version_is_that_of_the_installed_package() -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        version = tomllib.load(file)["project"]["version"]
    result = CliRunner().invoke(app, ["--version"])
    assert (result.exit_code, result.stdout) == (0, f"exchange-release {version}\n")


def test_nobody_is_asked_where_there_is_no_terminal() -> None:
    command = [sys.executable, "-c", "from release.cli_context import CliContext; print(CliContext().can_ask())"]
    shown = subprocess.run(  # noqa: S603
        command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True
    )
    assert shown.stdout.strip() == "False"


def test_a_terminal_shows_where_the_release_is_besides_the_lines() -> None:
    shown = io.StringIO()
    console = Console(file=shown, force_terminal=True, width=100)
    display = Display(console, Console(stderr=True))
    with display.following("client"):
        display.enter("client", StateEntered("Lock", 0.0, 1))
        display.enter("client", StateEntered("Bake", 12.5, 1))
        console.file.flush()
    text = shown.getvalue()
    assert "12.5 s  Bake" in text
    assert "client Bake" in text


def test_a_log_gets_lines_alone() -> None:
    shown = io.StringIO()
    display = Display(Console(file=shown, width=100), Console(stderr=True))
    with display.following("client"):
        display.enter("client", StateEntered("Lock", 0.0, 1))
    assert shown.getvalue() == "client         0.0 s  Lock\n"


def test_a_termination_unwinds_what_is_under_way() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as end, terminated_as_interrupted():
        signal.raise_signal(signal.SIGTERM)
    assert end.value.code == 143
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_what_must_be_done_to_its_end_is(sent: signal.Signals) -> None:
    """GitHub sends SIGTERM 7.5 s after SIGINT: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-cancellation"""
    before, done = signal.getsignal(sent), []
    with undisturbed():
        signal.raise_signal(sent)
        done.append(True)
    assert (done, signal.getsignal(sent)) == ([True], before)
