"""This project as the repository from which the pipeline takes its commands.

What is installed for it is in there too, as links: on AWS each build installs it, from its cache.
"""

import shutil
import subprocess
from pathlib import Path

from rehearsal.commands import ROOT
from rehearsal.repositories import GitFolder

INSTALLED = (".venv", "node_modules")


def write(folder: Path) -> str:
    """Puts the files of this working tree there, as they are now; returns the commit."""
    repository = GitFolder(folder)
    for name in _tracked():
        if (source := ROOT / name).is_file():  # a file that was deleted and not committed is still named
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, folder / name, follow_symlinks=False)
    for name in INSTALLED:
        (folder / name).symlink_to(ROOT / name)
    return repository.commit("The commands", force=INSTALLED)


def _tracked() -> list[str]:
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split("\0")[:-1]
