"""`comment`: one comment of an environment in a pull request, written once and then updated in place."""

import os
from collections.abc import Mapping
from pathlib import Path

from release.review.errors import DiffError
from release.review.github import GithubError, PullRequest
from release.review.markdown import LIMIT, marker

_NEEDED = ("GITHUB_TOKEN", "GITHUB_REPOSITORY")


def post(pull_request: PullRequest, environment: str, body: str, author: str) -> str:
    """What was done. Without a body nothing changes any more, so an earlier comment would be wrong and goes.

    Only comments of `author` that begin with the marker are ours: others may quote it.
    """
    mine = [one for one in pull_request.comments() if _is_ours(one, environment, author)]
    if not body:
        for one in mine:
            pull_request.delete(one["id"])
        return "comment removed: nothing changes any more" if mine else "no comment: nothing changes"
    if not body.startswith(marker(environment)):
        raise DiffError(f"the text is not of `release diff` of {environment}: it does not begin with its marker")
    if not mine:
        pull_request.create(body)
        return "comment created"
    pull_request.update(mine[0]["id"], body)
    return "comment updated"


def _is_ours(comment: Mapping[str, object], environment: str, author: str) -> bool:
    user = comment.get("user")
    login = user.get("login") if isinstance(user, dict) else None
    return login == author and str(comment.get("body") or "").startswith(marker(environment))


def comment_from_file(file: Path, environment: str, number: int, author: str) -> str:
    """With the token and the repository that GitHub Actions puts into the environment."""
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
