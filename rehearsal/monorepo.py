"""The stand-in exchange as the monorepo that its engineers push to: a git repository in which every release begins.

Each component's folder is what `config/exchange.toml` says, the backend's being the root: with a Dockerfile, the
sources that it copies, `release.json`, `version.json` and the buildspec of its tests.
"""

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from rehearsal.build import COMPONENTS
from rehearsal.repositories import GitFolder

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
