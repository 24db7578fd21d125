"""`approval`: an environment in which nobody is asked is found out before anything waits for it."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from release.app import app

ANSWERS: dict[str, Any] = {
    "prod2-approval": {
        "protection_rules": [
            {"type": "wait_timer"},
            {
                "type": "required_reviewers",
                "reviewers": [
                    {"type": "User", "reviewer": {"login": "alice"}},
                    {"type": "Team", "reviewer": {"slug": "operators"}},
                ],
            },
        ]
    },
    "a%2Fb": {"protection_rules": [{"type": "required_reviewers", "reviewers": []}]},
    "unguarded": {"protection_rules": [{"type": "branch_policy"}]},
}


class Api(BaseHTTPRequestHandler):
    """https://docs.github.com/en/rest/deployments/environments#get-an-environment"""

    def do_GET(self) -> None:
        before, _, name = self.path.rpartition("/")
        assert before == "/repos/exchange/exchange/environments"
        if self.headers["Authorization"] != "Bearer a-token":
            self.send_error(403)
        elif name not in ANSWERS:
            self.send_error(404)
        else:
            body = json.dumps(ANSWERS[name]).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nobody reads it."""


@pytest.fixture(autouse=True)
def github(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Api) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        monkeypatch.setenv("GITHUB_API_URL", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("GITHUB_REPOSITORY", "exchange/exchange")
        monkeypatch.setenv("GITHUB_TOKEN", "a-token")
        yield
        server.shutdown()
        thread.join()


def run(name: str) -> Result:
    return CliRunner().invoke(app, ["approval", name], catch_exceptions=False)


def test_reviewers_are_named() -> None:
    result = run("prod2-approval")
    assert (result.exit_code, result.stdout) == (0, "environment prod2-approval: asks alice, operators\n")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("unguarded", "has no required reviewers"),
        ("a/b", "has no required reviewers"),
        ("misspelt", "there is none of this name"),
    ],
)
def test_an_environment_in_which_nobody_is_asked_is_refused(name: str, says: str) -> None:
    result = run(name)
    assert (result.exit_code, says in result.stderr) == (1, True)


def test_what_cannot_be_known_is_no_approval(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "another")
    assert "GitHub answers 403 Forbidden" in run("prod2-approval").stderr
    monkeypatch.setenv("GITHUB_API_URL", "http://127.0.0.1:9")
    result = run("prod2-approval")
    assert (result.exit_code, "GitHub was not reached at http://127.0.0.1:9" in result.stderr) == (1, True)
    monkeypatch.delenv("GITHUB_TOKEN")
    assert "GitHub cannot be asked without GITHUB_TOKEN" in run("prod2-approval").stderr
