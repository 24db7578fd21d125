"""Git repositories in folders of this machine: the engineers' monorepo, and this project, which has the commands.

In the monorepo each component's folder is what `config/exchange.toml` says, the backend's being the root: with a
Dockerfile, the sources that it copies, `release.json`, `version.json` and the buildspec of its tests.
"""

import json
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from rehearsal.build import COMPONENTS
from rehearsal.commands import ROOT

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


SUITES = COMPONENTS / "suites"
_LEFT_OUT = shutil.ignore_patterns("__pycache__", "release.json", "buildspec.yml")


class Monorepo:
    """A repository in `folder`, with nothing in it but what is pushed. `paths`: each component's folder."""

    def __init__(self, folder: Path, paths: Mapping[str, str]) -> None:
        self.folder, self._paths, self._repository = folder, dict(paths), GitFolder(folder)

    def write_all(self, version: str) -> None:
        """Every component, as it is in this project."""
        for component in self._paths:
            self._write(component)
            self.set_version(component, version)

    def set_version(self, component: str, version: str, *, fault: str = "none") -> None:
        """Another version of a component; `fault` is what is wrong with it."""
        told = {"version": version, "fault": fault}
        (self.path(component) / "version.json").write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")

    def change(self, file: str, edit: Callable[[str], str]) -> None:
        """What an engineer does to a file."""
        place = self.folder / file
        place.write_text(edit(place.read_text(encoding="utf-8")), encoding="utf-8")

    def push(self, message: str) -> str:
        """Commits everything to the branch; returns the commit."""
        return self._repository.commit(message)

    def path(self, component: str) -> Path:
        return self.folder / self._paths[component]

    def _write(self, component: str) -> None:
        place = self.path(component)
        place.mkdir(parents=True, exist_ok=True)
        for file in (COMPONENTS / "__init__.py", COMPONENTS / "Dockerfile", COMPONENTS / component / "release.json"):
            shutil.copy2(file, place)
        for name in ("base", component):
            shutil.copytree(COMPONENTS / name, place / name, ignore=_LEFT_OUT)
        shutil.copy2(SUITES / f"{component}.py", place / "suite.py")
        verify = (SUITES / "verify.yml").read_text(encoding="utf-8").replace("cd .", f"cd {self._paths[component]}")
        (place / "verify.yml").write_text(verify, encoding="utf-8")


INSTALLED = (".venv", "node_modules")


def write_commands(folder: Path) -> str:
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
