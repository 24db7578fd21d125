"""A git repository in a folder of this machine, to which is pushed by committing there."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

BRANCH = "main"
_WHO = ("-c", "user.name=exchange", "-c", "user.email=exchange@example.com", "-c", "commit.gpgsign=false")


class GitFolder:
    """Made where there is none."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        if not (folder / ".git").exists():
            folder.mkdir(parents=True, exist_ok=True)
            self._git("init", "--quiet", f"--initial-branch={BRANCH}")

    def commit(self, message: str, *, force: Sequence[str] = ()) -> str:
        """Everything that is not ignored, and what is named in `force`; returns the commit."""
        self._git("add", "--all")
        if force:
            self._git("add", "--force", *force)
        self._git(*_WHO, "commit", "--quiet", "--message", message)
        return self._git("rev-parse", "HEAD").strip()

    def _git(self, *arguments: str) -> str:
        command = ["git", "-C", str(self.folder), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout
