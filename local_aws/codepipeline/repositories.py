"""The git repositories behind connections: folders of this machine under the names that a source action gives."""

import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

HEADS = "refs/heads"
_connected: dict[str, "Repository"] = {}


class RepositoryError(Exception):
    """A command of git's failed; the text has git's own words."""


@dataclass(frozen=True)
class Repository:
    """A connected repository; commits that are in `heads_at_connection` (branch -> commit) are no push."""

    path: Path
    heads_at_connection: dict[str, str] = field(default_factory=dict)

    def heads(self) -> dict[str, str]:
        """Return the commit of each branch."""
        lines = git(self.path, "for-each-ref", "--format=%(refname:lstrip=2) %(objectname)", HEADS).splitlines()
        return {branch: commit for branch, _, commit in (line.rpartition(" ") for line in lines)}

    def commit(self, revision: str) -> str:
        """Return the id of a branch's newest commit, or of a commit."""
        return git(self.path, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}").strip()

    def changed(self, former: str, commit: str) -> list[str]:
        """Return the files that differ between two commits; of a renamed one both names."""
        return git(self.path, "diff", "--name-only", "--no-renames", "-z", former, commit).split("\0")[:-1]


def connect(full_name: str, path: Path) -> None:
    """Make `owner/name` this repository, with or without a working tree; its next push is the first."""
    repository = Repository(path.resolve())
    _connected[full_name] = Repository(repository.path, repository.heads())


def find(full_name: str) -> Repository | None:
    return _connected.get(full_name)


def forget() -> None:
    """Disconnect every repository."""
    _connected.clear()


def git(folder: Path, *arguments: str) -> str:
    """Run git and return its output."""
    return git_bytes(folder, *arguments).decode(errors="surrogateescape")


def git_bytes(folder: Path, *arguments: str) -> bytes:
    """Run git in a neutral locale and zone, never asking for a password, and return its output."""
    environment = os.environ | {"LC_ALL": "C", "TZ": "UTC", "GIT_TERMINAL_PROMPT": "0"}
    done = subprocess.run(["git", "-C", str(folder), *arguments], env=environment, capture_output=True, check=False)
    if done.returncode != 0:
        message = done.stderr.decode(errors="replace").strip() or f"exit code {done.returncode}"
        raise RepositoryError(f"git {' '.join(arguments)} in {folder}: {message}")
    return done.stdout
