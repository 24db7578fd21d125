"""Where a build works: its sources, its home, and the artifacts that it leaves."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Sources:
    """Folders with the unpacked input artifacts; secondary ones by their artifacts' names."""

    primary: Path
    secondary: Mapping[str, Path]


class Folders:
    """A build's folder. What is copied into it is the build's own: it may do with it what it likes."""

    def __init__(self, root: Path, sources: Sources | None) -> None:
        self._root, self._sources = root, sources
        self.home, self.temporary, self.shell = root / "home", root / "tmp", root / "shell"
        self.artifacts = root / "artifacts"
        self.source = root / "src" / "00"
        names = sources.secondary if sources else ()
        self.secondary = {name: root / "src" / f"{number:02}" for number, name in enumerate(names, start=1)}

    def fill(self) -> None:
        """Makes them, and copies the sources."""
        for folder in (self.home, self.temporary, self.shell, self.artifacts):
            folder.mkdir(parents=True)
        if self._sources is None:
            self.source.mkdir(parents=True)
            return
        shutil.copytree(self._sources.primary, self.source, symlinks=True)
        for name, folder in self.secondary.items():
            shutil.copytree(self._sources.secondary[name], folder, symlinks=True)

    def leave_artifacts(self) -> None:
        """Remove everything but the artifacts, as the container goes."""
        for folder in (self.home, self.temporary, self.shell, self.source.parent):
            shutil.rmtree(folder, ignore_errors=True)
