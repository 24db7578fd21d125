"""`approval` and `comment`: what a job of a workflow asks GitHub.

`approval` tells whether somebody is asked before a job of a GitHub environment begins. GitHub makes an environment
that a workflow names and nobody has made, without any protection, so a name with a typing error in it would be
approved by nobody, and in silence:
https://docs.github.com/en/actions/how-tos/deploy/configure-and-manage-deployments/manage-environments

`comment` writes one comment of an environment in a pull request, and then updates it in place:
https://docs.github.com/en/rest/issues/comments
"""

import json
import os
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from release.cli_context import CliContext
from release.command_line import failing
from release.review.changes import DiffError
from release.review.report import LIMIT, marker

GithubEnvironment = Annotated[str, typer.Argument(help="The GitHub environment in which people approve.")]
_ANSWER_SECONDS = 30


class GithubError(Exception):
    """Says that GitHub refused, or was not reached; the message never holds the token."""


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Makes every redirect an error: the token is for one address alone."""

    def redirect_request(self, *_: Any) -> None:
        """Follow no redirect."""


def _call(url: str, token: str, method: str = "GET", body: Mapping[str, str] | None = None) -> Any:
    """Return GitHub's answer as JSON, None where it has no body.

    Raises HTTPError for a refusal or a redirect, and GithubError where GitHub is not reached.
    """
    headers = {
        "Accept": "application/vnd.github+json",
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/json",
        "X-GitHub-Api-Version": "2022-11-28",
    }
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(url, data, headers, method=method)  # noqa: S310  (the address is the runner's)
    try:
        with urllib.request.build_opener(_NoRedirects).open(request, timeout=_ANSWER_SECONDS) as answer:
            text = answer.read()
    except urllib.error.HTTPError:
        raise
    except OSError as error:
        raise GithubError(f"GitHub was not reached at {url}: {error}") from error
    return json.loads(text) if text else None


class NoReviewersError(LookupError):
    """Says that nobody would be asked, or that it cannot be known."""


def approval(context: typer.Context, name: GithubEnvironment) -> None:
    """Fail unless the environment has required reviewers; needs GITHUB_TOKEN with the right to read actions."""
    cli: CliContext = context.obj
    with failing(cli.display, NoReviewersError):
        cli.display.say(f"environment {name}: asks {', '.join(_required_reviewers(name))}")


def reviewers(environment: Mapping[str, Any]) -> list[str]:
    """List who is asked, by what GitHub says of an environment.

    https://docs.github.com/en/rest/deployments/environments#get-an-environment
    """
    rules = [rule for rule in environment.get("protection_rules", ()) if rule["type"] == "required_reviewers"]
    listed = [entry["reviewer"] for rule in rules for entry in rule.get("reviewers", ())]
    return [str(reviewer.get("login") or reviewer.get("slug")) for reviewer in listed]


def _required_reviewers(name: str) -> list[str]:
    try:
        required = reviewers(_environment(name))
        if not required:
            raise NoReviewersError("it has no required reviewers: a release would wait for nobody")
    except (NoReviewersError, GithubError) as error:
        raise NoReviewersError(f"environment {name}: {error}; see docs/github.md") from error
    return required


def _environment(name: str) -> Mapping[str, Any]:
    missing = [key for key in ("GITHUB_API_URL", "GITHUB_REPOSITORY", "GITHUB_TOKEN") if not os.environ.get(key)]
    if missing:
        raise NoReviewersError(f"GitHub cannot be asked without {', '.join(missing)}")
    url = f"{os.environ['GITHUB_API_URL']}/repos/{os.environ['GITHUB_REPOSITORY']}/environments/{quote(name, safe='')}"
    try:
        environment: Mapping[str, Any] = _call(url, os.environ["GITHUB_TOKEN"])
        return environment
    except urllib.error.HTTPError as error:
        why = "there is none of this name" if error.code == 404 else f"GitHub answers {error.code} {error.reason}"
        raise NoReviewersError(why) from error


_PAGE = 100  # the most that GitHub gives at once
_NEEDED = ("GITHUB_TOKEN", "GITHUB_REPOSITORY")
_AUTHOR = "github-actions[bot]"

Comment = Annotated[Path, typer.Argument(help="What `diff --markdown` wrote.")]
PullRequestNumber = Annotated[int, typer.Option("--pull-request", metavar="NUMBER", min=1)]
Author = Annotated[str, typer.Option(help="Whose comments are ours: the account of the token.")]


def comment(context: typer.Context, file: Comment, *, number: PullRequestNumber, author: Author = _AUTHOR) -> None:
    """Write the environment's comment in a pull request, or bring it up to date; needs GITHUB_TOKEN."""
    cli: CliContext = context.obj
    with failing(cli.display, DiffError):
        cli.display.say(comment_from_file(file, cli.environment, number, author))


@dataclass(frozen=True)
class PullRequest:
    """Reads and writes the comments of a pull request.

    `repository` is owner/name; `api` is the address of the API, `token` one that may write comments.
    """

    api: str
    repository: str
    number: int
    token: str = field(repr=False)

    def comments(self) -> Iterator[Mapping[str, Any]]:
        """Iterate over all comments, the oldest first."""
        page = 1
        while True:
            comments = self._call("GET", f"issues/{self.number}/comments?per_page={_PAGE}&page={page}")
            yield from comments
            if len(comments) < _PAGE:
                return
            page += 1

    def create(self, body: str) -> None:
        self._call("POST", f"issues/{self.number}/comments", {"body": body})

    def update(self, comment: int, body: str) -> None:
        self._call("PATCH", f"issues/comments/{comment}", {"body": body})

    def delete(self, comment: int) -> None:
        self._call("DELETE", f"issues/comments/{comment}")

    def _call(self, method: str, path: str, body: Mapping[str, str] | None = None) -> Any:
        url = f"{self.api.rstrip('/')}/repos/{self.repository}/{path}"
        try:
            return _call(url, self.token, method, body)
        except urllib.error.HTTPError as error:
            reason = error.read(500).decode(errors="replace")
            raise GithubError(f"GitHub answered {method} {url} with {error.code}: {reason}") from error


def post(pull_request: PullRequest, environment: str, body: str, author: str) -> str:
    """Create, update or delete the environment's comment, and return what was done.

    Without a body nothing changes any more, so an earlier comment would be wrong and is deleted. Only comments of
    `author` that begin with the marker are ours: others may quote it.
    """
    ours = [each for each in pull_request.comments() if _is_ours(each, environment, author)]
    if not body:
        for each in ours:
            pull_request.delete(each["id"])
        return "comment removed: nothing changes any more" if ours else "no comment: nothing changes"
    if not body.startswith(marker(environment)):
        wrote = f"`exchange-release -e {environment} diff`"
        raise DiffError(f"the text is not what {wrote} writes: it does not begin with its marker")
    if not ours:
        pull_request.create(body)
        return "comment created"
    pull_request.update(ours[0]["id"], body)
    return "comment updated"


def _is_ours(comment: Mapping[str, object], environment: str, author: str) -> bool:
    user = comment.get("user")
    login = user.get("login") if isinstance(user, dict) else None
    return login == author and str(comment.get("body") or "").startswith(marker(environment))


def comment_from_file(file: Path, environment: str, number: int, author: str) -> str:
    """Post the file's text with the token and the repository that GitHub Actions puts into the environment."""
    missing = [name for name in _NEEDED if not os.environ.get(name)]
    if missing:
        raise DiffError(f"{', '.join(missing)} must be set, as in a job of GitHub Actions")
    api = os.environ.get("GITHUB_API_URL", "https://api.github.com")
    pull_request = PullRequest(api, os.environ["GITHUB_REPOSITORY"], number, os.environ["GITHUB_TOKEN"])
    try:
        body = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DiffError(f"{file} cannot be read: {error}") from error
    if len(body) > LIMIT:
        raise DiffError(f"{file} has {len(body)} characters, more than {LIMIT}: it is not what --markdown wrote")
    try:
        return post(pull_request, environment, body, author)
    except GithubError as error:
        raise DiffError(str(error)) from error
