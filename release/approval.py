"""`approval`: whether somebody is asked before a job of a GitHub environment begins.

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
from rich.console import Console

from release.display import Display
from release.outcomes import NOT_RELEASED

Name = Annotated[str, typer.Argument(help="The GitHub environment in which people approve.")]
_SECONDS = 30


class NotAskedError(LookupError):
    """Nobody would be asked, or it cannot be known."""


def reviewers(rules: Mapping[str, Any]) -> list[str]:
    """Who is asked, by an answer of https://docs.github.com/en/rest/deployments/environments#get-an-environment."""
    asked = [rule for rule in rules.get("protection_rules", ()) if rule["type"] == "required_reviewers"]
    found = [one["reviewer"] for rule in asked for one in rule.get("reviewers", ())]
    return [str(one.get("login") or one.get("slug")) for one in found]


def approval(name: Name) -> None:
    """Fail unless the environment has required reviewers; needs GITHUB_TOKEN with the right to read actions."""
    display = Display(Console(highlight=False), Console(stderr=True, highlight=False))
    try:
        asked = reviewers(_environment(name))
        if not asked:
            raise NotAskedError("it has no required reviewers: a release would wait for nobody")
    except NotAskedError as error:
        display.refuse(f"environment {name}: {error}; see docs/github.md")
        raise typer.Exit(NOT_RELEASED) from error
    display.say(f"environment {name}: asks {', '.join(asked)}")


def add_to(app: typer.Typer) -> None:
    """To the command line."""
    app.command("approval")(approval)


def _environment(name: str) -> Mapping[str, Any]:
    missing = [key for key in ("GITHUB_API_URL", "GITHUB_REPOSITORY", "GITHUB_TOKEN") if not os.environ.get(key)]
    if missing:
        raise NotAskedError(f"GitHub cannot be asked without {', '.join(missing)}")
    url = f"{os.environ['GITHUB_API_URL']}/repos/{os.environ['GITHUB_REPOSITORY']}/environments/{quote(name, safe='')}"
    headers = {"Accept": "application/vnd.github+json", "Authorization": f"Bearer {os.environ['GITHUB_TOKEN']}"}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310  (the address is the runner's)
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310
            found: Mapping[str, Any] = json.load(answer)
            return found
    except urllib.error.HTTPError as error:
        why = "there is none of this name" if error.code == 404 else f"GitHub answers {error.code} {error.reason}"
        raise NotAskedError(why) from error
    except OSError as error:
        raise NotAskedError(f"GitHub was not reached at {url}: {error}") from error
