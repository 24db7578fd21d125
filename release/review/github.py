"""Comments on a pull request, by GitHub's REST API. https://docs.github.com/en/rest/issues/comments"""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

_PAGE = 100  # the most that GitHub gives at once


class GithubError(Exception):
    """GitHub refused, or was not reached; the message never holds the token."""


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """The token is for this address alone."""

    def redirect_request(self, *_: Any) -> None:
        """Makes of every redirect an error."""


@dataclass(frozen=True)
class PullRequest:
    """`repository` is owner/name; `api` is the address of the API, `token` one that may write comments."""

    api: str
    repository: str
    number: int
    token: str = field(repr=False)

    def comments(self) -> Iterator[Mapping[str, Any]]:
        """All of them, the oldest first."""
        page = 1
        while True:
            found = self._call("GET", f"issues/{self.number}/comments?per_page={_PAGE}&page={page}")
            yield from found
            if len(found) < _PAGE:
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
        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {self.token}",
            "Content-Type": "application/json",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(url, data, headers, method=method)  # noqa: S310
        try:
            with urllib.request.build_opener(_NoRedirects).open(request, timeout=30) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            said = error.read(500).decode(errors="replace")
            raise GithubError(f"GitHub answered {method} {url} with {error.code}: {said}") from error
        except OSError as error:
            raise GithubError(f"GitHub was not reached at {url}: {error}") from error
        return json.loads(text) if text else None
