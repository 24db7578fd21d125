"""`approval`: tells whether somebody is asked before a job of a GitHub environment begins.

GitHub makes an environment that a workflow names and nobody has made, without any protection, so a name with a typing
error in it would be approved by nobody, and in silence:
https://docs.github.com/en/actions/how-tos/deploy/configure-and-manage-deployments/manage-environments
"""

import json
import os
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import quote

import typer

from release.cli_context import CliContext
from release.refusals import failing

Name = Annotated[str, typer.Argument(help="The GitHub environment in which people approve.")]
_SECONDS = 30


class NoReviewersError(LookupError):
    """Says that nobody would be asked, or that it cannot be known."""


def approval(context: typer.Context, name: Name) -> None:
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
    except NoReviewersError as error:
        raise NoReviewersError(f"environment {name}: {error}; see docs/github.md") from error
    return required


def _environment(name: str) -> Mapping[str, Any]:
    missing = [key for key in ("GITHUB_API_URL", "GITHUB_REPOSITORY", "GITHUB_TOKEN") if not os.environ.get(key)]
    if missing:
        raise NoReviewersError(f"GitHub cannot be asked without {', '.join(missing)}")
    url = f"{os.environ['GITHUB_API_URL']}/repos/{os.environ['GITHUB_REPOSITORY']}/environments/{quote(name, safe='')}"
    headers = {"Accept": "application/vnd.github+json", "Authorization": f"Bearer {os.environ['GITHUB_TOKEN']}"}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310  (the address is the runner's)
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310
            environment: Mapping[str, Any] = json.load(answer)
            return environment
    except urllib.error.HTTPError as error:
        why = "there is none of this name" if error.code == 404 else f"GitHub answers {error.code} {error.reason}"
        raise NoReviewersError(why) from error
    except OSError as error:
        raise NoReviewersError(f"GitHub was not reached at {url}: {error}") from error
