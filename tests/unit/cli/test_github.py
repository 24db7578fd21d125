"""`approval` and `comment`, against a GitHub of the test's own.

An environment in which nobody is asked is found out before anything waits for it:
https://docs.github.com/en/rest/deployments/environments#get-an-environment
One comment of an environment is written once and then updated in place:
https://docs.github.com/en/rest/issues/comments
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from release.app import app
from release.review.report import LIMIT, marker

BOT = "github-actions[bot]"
TOKEN = "ghs_secret"  # noqa: S105 - of a server of the test's own
BODY = f"{marker('prod2')}\n### Infrastructure\n"
ENVIRONMENTS: dict[str, Any] = {
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


@dataclass
class Github:
    """The environments, the comments of pull request 7, and the methods of the requests.

    `status` is what every request is answered with, where it is not 0.
    """

    url: str = ""
    comments: dict[int, dict[str, Any]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    status: int = 0

    def has(self, body: str, login: str = BOT) -> int:
        id_ = len(self.comments) + 1
        self.comments[id_] = {"id": id_, "user": {"login": login}, "body": body}
        return id_

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        self.requests.append(method)
        if self.status:
            return self.status, {"message": "Resource not accessible by integration"}
        if environment := re.fullmatch(r"/repos/us/exchange/environments/([^/]+)", path):
            answer = ENVIRONMENTS.get(environment[1])
            return (200, answer) if answer else (404, None)
        if comment := re.fullmatch(r"/repos/us/exchange/issues/comments/(\d+)", path):
            return self._change(method, int(comment[1]), body)
        listing = re.fullmatch(r"/repos/us/exchange/issues/7/comments(?:\?per_page=(\d+)&page=(\d+))?", path)
        assert listing
        if method == "POST":
            return 201, self.comments[self.has(body["body"])]
        size, page = int(listing[1]), int(listing[2])
        return 200, list(self.comments.values())[size * (page - 1) : size * page]

    def _change(self, method: str, id_: int, body: Any) -> tuple[int, Any]:
        if method == "DELETE":
            del self.comments[id_]
            return 204, None
        assert method == "PATCH"
        self.comments[id_]["body"] = body["body"]
        return 200, self.comments[id_]


def _handler(made: Github) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _reply(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            authorized = self.headers["Authorization"] == f"Bearer {TOKEN}"
            status, answer = made.answer(self.command, self.path, body) if authorized else (403, None)
            data = b"" if answer is None else json.dumps(answer).encode()
            self.send_response(status)
            if status == 302:
                self.send_header("Location", f"{made.url}/elsewhere")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = do_DELETE = _reply  # noqa: N815 - http.server's names

        def log_message(self, *_: object) -> None:
            """Quiet."""

    return Handler


@pytest.fixture
def github(monkeypatch: pytest.MonkeyPatch) -> Iterator[Github]:
    """Where the environment of a job says that GitHub is."""
    made = Github()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(made))
    made.url = f"http://127.0.0.1:{server.server_address[1]}"
    monkeypatch.setenv("GITHUB_API_URL", made.url)
    monkeypatch.setenv("GITHUB_REPOSITORY", "us/exchange")
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield made
    server.shutdown()
    server.server_close()


def approval(name: str) -> Result:
    return CliRunner().invoke(app, ["approval", name], catch_exceptions=False)


@pytest.mark.usefixtures("github")
def test_reviewers_are_named() -> None:
    result = approval("prod2-approval")
    assert (result.exit_code, result.stdout) == (0, "environment prod2-approval: asks alice, operators\n")


@pytest.mark.usefixtures("github")
@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("unguarded", "has no required reviewers"),
        ("a/b", "has no required reviewers"),
        ("misspelt", "there is none of this name"),
    ],
)
def test_an_environment_in_which_nobody_is_asked_is_refused(name: str, says: str) -> None:
    result = approval(name)
    assert (result.exit_code, says in result.stderr) == (1, True)


@pytest.mark.usefixtures("github")
@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("GITHUB_TOKEN", "another", "GitHub answers 403 Forbidden"),
        ("GITHUB_API_URL", "http://127.0.0.1:9", "GitHub was not reached at http://127.0.0.1:9"),
        ("GITHUB_TOKEN", "", "GitHub cannot be asked without GITHUB_TOKEN"),
    ],
)
def test_what_cannot_be_known_is_no_approval(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, says: str
) -> None:
    monkeypatch.setenv(variable, value)
    result = approval("prod2-approval")
    assert (result.exit_code, says in result.stderr) == (1, True)


def test_a_redirect_is_no_approval(github: Github) -> None:
    github.status = 302
    result = approval("prod2-approval")
    assert (result.exit_code, "GitHub answers 302 Found" in result.stderr) == (1, True)
    assert github.requests == ["GET"]


@pytest.fixture
def comment(github: Github, tmp_path: Path) -> Any:
    file = tmp_path / "prod2.md"

    def comment(body: str | None) -> Result:
        if body is not None:
            file.write_text(body, encoding="utf-8")
        return CliRunner().invoke(app, ["-e", "prod2", "comment", str(file), "--pull-request", "7"])

    return comment


def test_the_first_comment_is_created_and_the_next_updates_it(github: Github, comment: Any) -> None:
    assert comment(BODY).stdout == "comment created\n"
    assert comment(f"{BODY}more").stdout == "comment updated\n"
    assert [entry["body"] for entry in github.comments.values()] == [f"{BODY}more"]


def test_it_is_found_among_hundreds(github: Github, comment: Any) -> None:
    for number in range(250):
        github.has(f"comment {number}")
    mine = github.has(BODY)
    github.has("the last one")
    comment(f"{BODY}more")
    assert github.comments[mine]["body"] == f"{BODY}more"
    assert "POST" not in github.requests


def test_nobody_elses_comment_and_no_other_environments_is_touched(github: Github, comment: Any) -> None:
    others = [github.has(BODY, login="mallory"), github.has(marker("staging")), github.has(f"> {BODY}")]
    assert comment(BODY).stdout == "comment created\n"
    assert [github.comments[id_]["body"] for id_ in others] == [BODY, marker("staging"), f"> {BODY}"]


def test_when_nothing_changes_any_more_the_comment_goes(github: Github, comment: Any) -> None:
    github.has(BODY)
    assert comment("").stdout == "comment removed: nothing changes any more\n"
    assert comment("").stdout == "no comment: nothing changes\n"
    assert not github.comments


@pytest.mark.parametrize(("status", "says"), [(403, "with 403: "), (302, "with 302: ")])
def test_a_refusal_or_a_redirect_is_an_error_without_the_token(
    github: Github, comment: Any, status: int, says: str
) -> None:
    github.status = status
    result = comment(BODY)
    assert (result.exit_code, says in result.stderr) == (1, True)
    assert TOKEN not in result.stderr + result.stdout
    assert github.requests == ["GET"]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (None, "cannot be read"),
        ("no marker", "does not begin with its marker"),
        (marker("staging"), "does not begin with its marker"),
        (BODY + "x" * LIMIT, "more than 60000"),
    ],
)
def test_what_diff_did_not_write_is_not_posted(github: Github, comment: Any, body: str | None, says: str) -> None:
    result = comment(body)
    assert (result.exit_code, says in result.stderr) == (1, True)
    assert not github.comments


def test_without_a_token_nothing_is_asked(comment: Any, github: Github, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_TOKEN")
    result = comment(BODY)
    assert (result.exit_code, "GITHUB_TOKEN must be set" in result.stderr) == (1, True)
    assert not github.requests


def test_a_github_that_is_not_reached_is_an_error(comment: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_API_URL", "http://127.0.0.1:1")
    result = comment(BODY)
    assert (result.exit_code, "GitHub was not reached" in result.stderr) == (1, True)
