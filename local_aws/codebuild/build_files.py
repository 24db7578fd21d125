"""The files of a build: where it works, what it leaves as artifacts, and what a project's builds keep for each other.

https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html#build-spec.artifacts

A project's cache of type S3, or LOCAL with LOCAL_CUSTOM_CACHE, holds what `cache.paths` says:
https://docs.aws.amazon.com/codebuild/latest/userguide/caching-s3.html and caching-local.html. Here it is a folder.
"""

import os
import re
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from uuid import uuid4

from local_aws.codebuild.buildspec import Files
from local_aws.codebuild.endings import PhaseError
from local_aws.host import workplace
from local_aws.ministack_parts.answers import Record


@dataclass(frozen=True)
class Sources:
    """The folders of a build's unpacked input artifacts; secondary ones by their artifacts' names."""

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
        """Make the folders, and copy the sources into them."""
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


_WILD = re.compile(r"[*?\[]")
_WORDS = re.compile(r"\*\*/|\*\*|\*|\?|\[[^\]]+\]|.")
_MEANT = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def matching(folder: Path, location: str) -> Iterator[PurePosixPath]:
    """Return the files under a folder that a location stands for, relative to it."""
    pattern = PurePosixPath(location)
    if pattern.is_absolute() or ".." in pattern.parts:
        return
    fixed, parts = folder, list(pattern.parts)
    while len(parts) > 1 and not _WILD.search(parts[0]):
        fixed /= parts.pop(0)
    wanted = compiled("/".join(parts))
    for file in _files(fixed):
        if wanted.fullmatch(file.relative_to(fixed).as_posix()):
            yield PurePosixPath(file.relative_to(folder))


def directories(folder: Path, location: str) -> list[Path]:
    """Return the directories under a folder that a base directory stands for."""
    if not _WILD.search(location):
        directory = folder / location
        return [directory] if directory.is_dir() else []
    wanted = compiled(location)
    return sorted(inner for inner in folder.iterdir() if inner.is_dir() and wanted.fullmatch(inner.name))


def compiled(location: str) -> "re.Pattern[str]":
    """Return a location as a pattern: `*` and `?` stay within a directory, `**` does not."""
    words = _WORDS.findall(location)
    return re.compile("".join(_MEANT.get(word) or (word if len(word) > 1 else re.escape(word)) for word in words))


def _files(folder: Path) -> Iterator[Path]:
    for root, folders, names in os.walk(folder):
        links = (name for name in folders if Path(root, name).is_symlink())
        yield from (Path(root, name) for name in (*names, *links))


PRIMARY = "primary"
SECONDARY = "secondary-"


def collect(source: Path, target: Path, artifacts: Mapping[str, Files], log: Callable[[str], None]) -> None:
    """Copy each artifact's files into a folder of its own; PhaseError when one would be empty."""
    for identifier, wanted in artifacts.items():
        files = list(_files_of(source, wanted, log))
        if not files:
            raise PhaseError("no matching artifact paths found")
        log(f"Found {len(files)} file(s)")
        for folder, file in files:
            _copy(folder / file, folder_of(target, identifier) / (file.name if wanted.discard_paths else file))


def folder_of(target: Path, identifier: str) -> Path:
    """Return where the files of an artifact are."""
    return target / (SECONDARY + identifier if identifier else PRIMARY)


def identifier_of(folder: Path) -> str:
    """Return the identifier of the artifact whose files are in a folder."""
    return "" if folder.name == PRIMARY else folder.name.removeprefix(SECONDARY)


def _files_of(source: Path, wanted: Files, log: Callable[[str], None]) -> Iterator[tuple[Path, PurePosixPath]]:
    bases = directories(source, wanted.base_directory)
    if not bases:
        raise PhaseError(f"no matching base directory path found for {wanted.base_directory}")
    excluded = [compiled(location) for location in wanted.exclude]
    for base in bases:
        for location in wanted.files:
            log(f"Expanding {location}")
            files = [
                file
                for file in matching(base, location)
                if not any(pattern.fullmatch(file.as_posix()) for pattern in excluded)
            ]
            if not files:
                log(f"Skipping invalid file path {location}")
            yield from ((base, file) for file in files)


def _copy(file: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(file, target, follow_symlinks=file.is_file())


HOME = "/root/"  # of CodeBuild's images
_lock = threading.Lock()


class Cache:
    """The cache of one build; nothing is kept unless the project has a cache."""

    def __init__(self, build: Record, paths: Sequence[str], folders: Folders) -> None:
        self._kept = workplace.current().caches / build["projectName"] if _on(build.get("cache") or {}) else None
        self._paths = paths
        self._folders = {"src": folders.source, "home": folders.home}

    def restore(self) -> None:
        """Put the kept files back, before the first command."""
        if self._kept is None:
            return
        with _lock:
            for name, folder in self._folders.items():
                if (self._kept / name).is_dir():
                    shutil.copytree(self._kept / name, folder, symlinks=True, dirs_exist_ok=True)

    def save(self) -> None:
        """Keep what is there after a build that succeeded, in place of what was kept."""
        if self._kept is None or not self._paths:
            return
        fresh = self._kept.with_name(f"{self._kept.name}.{uuid4().hex}")
        for name, location in self._located():
            for file in matching(self._folders[name], location):
                target = fresh / name / file
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(self._folders[name] / file, target, follow_symlinks=False)
        with _lock:
            shutil.rmtree(self._kept, ignore_errors=True)
            if fresh.exists():
                fresh.rename(self._kept)

    def _located(self) -> Iterator[tuple[str, str]]:
        """Yield where each path lies, and the location there; a directory stands for all that is in it."""
        for path in self._paths:
            name, location = ("home", path.removeprefix(HOME)) if path.startswith(HOME) else ("src", path)
            whole = (self._folders[name] / location).is_dir()
            yield name, f"{location.rstrip('/')}/**/*" if whole else location


def _on(config: Record) -> bool:
    return config.get("type") == "S3" or "LOCAL_CUSTOM_CACHE" in config.get("modes", ())
