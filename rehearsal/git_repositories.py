"""Makes Git repositories in folders of this machine: the engineers' monorepo, and this project, which has the commands.

In the monorepo each component's folder is the one that `config/exchange.toml` names; the backend's is the root. It has
a Dockerfile, the sources that this copies, `release.json`, `version.json` and the buildspec of the tests.
"""

import json
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from rehearsal.build import COMPONENTS
from rehearsal.commands import ROOT

BRANCH = "main"
_AUTHOR = ("-c", "user.name=exchange", "-c", "user.email=exchange@example.com", "-c", "commit.gpgsign=false")


class GitFolder:
    """A Git repository in a folder; made if there is none."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        if not (folder / ".git").exists():
            folder.mkdir(parents=True, exist_ok=True)
            self._git("init", "--quiet", f"--initial-branch={BRANCH}")

    def commit(self, message: str, *, force: Sequence[str] = ()) -> str:
        """Commit everything that is not ignored, and what is named in `force`; return the commit."""
        self._git("add", "--all")
        if force:
            self._git("add", "--force", *force)
        self._git(*_AUTHOR, "commit", "--quiet", "--message", message)
        return self._git("rev-parse", "HEAD").strip()

    def _git(self, *arguments: str) -> str:
        command = ["git", "-C", str(self.folder), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout


SUITES = COMPONENTS / "suites"
_LEFT_OUT = shutil.ignore_patterns("__pycache__", "release.json", "buildspec.yml")


class Monorepo:
    """The engineers' repository in `folder`, empty at first; `paths` are the components' folders in it."""

    def __init__(self, folder: Path, paths: Mapping[str, str]) -> None:
        self.folder, self._paths, self._repository = folder, dict(paths), GitFolder(folder)

    def write_all(self, version: str) -> None:
        """Write every component's sources, as this project has them, and give each this version."""
        for component in self._paths:
            self._write(component)
            self.set_version(component, version)

    def set_version(self, component: str, version: str, *, fault: str = "none") -> None:
        """Write another version of a component; `fault` is one of faults.ALLOWED."""
        content = {"version": version, "fault": fault}
        (self.path(component) / "version.json").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")

    def change(self, file: str, edit: Callable[[str], str]) -> None:
        """Rewrite a file with what `edit` makes of its text, as an engineer does."""
        path = self.folder / file
        path.write_text(edit(path.read_text(encoding="utf-8")), encoding="utf-8")

    def push(self, message: str) -> str:
        """Commit everything to the branch; return the commit."""
        return self._repository.commit(message)

    def path(self, component: str) -> Path:
        return self.folder / self._paths[component]

    def _write(self, component: str) -> None:
        target = self.path(component)
        target.mkdir(parents=True, exist_ok=True)
        for file in (COMPONENTS / "__init__.py", COMPONENTS / "Dockerfile", COMPONENTS / component / "release.json"):
            shutil.copy2(file, target)
        for name in ("base", component):
            shutil.copytree(COMPONENTS / name, target / name, ignore=_LEFT_OUT)
        shutil.copy2(SUITES / f"{component}.py", target / "suite.py")
        verify = (SUITES / "verify.yml").read_text(encoding="utf-8").replace("cd .", f"cd {self._paths[component]}")
        (target / "verify.yml").write_text(verify, encoding="utf-8")


INSTALLED = (".venv", "node_modules")


def write_commands(folder: Path) -> str:
    """Commit the files of this working tree, as they are now, to a repository in `folder`; return the commit."""
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
