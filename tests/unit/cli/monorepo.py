"""A monorepo with three components, in a git repository of the test's own."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

GIT = ("git", "-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "init.defaultBranch=main")
FILES = {
    "Gemfile": "source",
    "app/order.rb": "class Order",
    "bin/web": "exec",
    "docs/how.md": "how",
    "client/page.js": "page",
    "client/docs/look.md": "look",
    "engine/Main.java": "class Main",
}


@dataclass(frozen=True)
class Monorepo:
    """`folder` is its root."""

    folder: Path

    def git(self, *arguments: str) -> str:
        command = [*GIT, *arguments]
        done = subprocess.run(command, cwd=self.folder, check=True, capture_output=True, text=True)  # noqa: S603
        return done.stdout.strip()

    def write(self, path: str, text: str) -> None:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def commit(self) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "change")


def new_monorepo(folder: Path) -> Monorepo:
    """Committed once."""
    folder.mkdir()
    made = Monorepo(folder)
    made.git("init", "--quiet")
    for path, text in FILES.items():
        made.write(path, text)
    made.commit()
    return made
