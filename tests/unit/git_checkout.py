"""A git repository of a test's own."""

import subprocess
from pathlib import Path

_GIT = ("git", "-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "init.defaultBranch=main")


def git(folder: Path, *arguments: str) -> str:
    """Run git in a folder and return what it prints."""
    done = subprocess.run([*_GIT, *arguments], cwd=folder, check=True, capture_output=True, text=True)  # noqa: S603
    return done.stdout.strip()


def commit(folder: Path) -> None:
    """Commit everything in the repository."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "change")
