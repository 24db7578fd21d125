"""Locations of files, as buildspecs write them.

https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html#build-spec.artifacts.files
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

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
    return sorted(one for one in folder.iterdir() if one.is_dir() and wanted.fullmatch(one.name))


def compiled(location: str) -> "re.Pattern[str]":
    """Return a location as a pattern: `*` and `?` stay within a directory, `**` does not."""
    words = _WORDS.findall(location)
    return re.compile("".join(_MEANT.get(word) or (word if len(word) > 1 else re.escape(word)) for word in words))


def _files(folder: Path) -> Iterator[Path]:
    for root, folders, names in os.walk(folder):
        links = (name for name in folders if Path(root, name).is_symlink())
        yield from (Path(root, name) for name in (*names, *links))
