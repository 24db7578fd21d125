"""This project as it is now, in a git repository of its own: one that may be changed, and whose tree is its HEAD."""

import shutil
import subprocess
from pathlib import Path

from bench.project import ROOT

_GIT = ("git", "-c", "user.name=bench", "-c", "user.email=bench@example.com", "-c", "commit.gpgsign=false")


def committed_copy(folder: Path) -> Path:
    """In `folder`, which must not be there yet; what is installed is shared."""
    names = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    (folder / "node_modules").symlink_to(ROOT / "node_modules")
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)
    (folder / ".git" / "info" / "exclude").write_text("node_modules\n.venv\n")  # links are no folders to .gitignore
    commit(folder)
    return folder


def commit(folder: Path) -> None:
    """All that is there."""
    subprocess.run([*_GIT, "add", "--all"], cwd=folder, check=True)
    subprocess.run([*_GIT, "commit", "--quiet", "--message", "as it is"], cwd=folder, check=True)
