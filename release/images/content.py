"""`version`: one name for one content. A commit that does not touch a component does not change its version, so its
image is there already, and what runs is not released again.
"""

import hashlib
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from posixpath import normpath

from release.arguments import InputError
from release.images.globs import compiled

_LENGTH = 40
_SEVERAL = 3


@dataclass(frozen=True)
class Part:
    """What of a monorepo is a component's: its folder without the others' that lie in it, and without `ignored`."""

    component: str
    folder: str
    others: tuple[str, ...]
    ignored: tuple[str, ...]

    def of(self, paths: Sequence[str]) -> Iterator[str]:
        """Those of the monorepo's paths that count."""
        patterns = [compiled(one) for one in self.ignored]
        for path in paths:
            inside = _within(path, self.folder) and not any(_within(path, other) for other in self.others)
            if inside and not any(pattern.fullmatch(path) for pattern in patterns):
                yield path


def part_of(component: str, folders: Mapping[str, str], ignored: Sequence[str]) -> Part:
    """`folders` are those of all components, relative to the monorepo's root; `ignored` CodePipeline's patterns."""
    known = {name: normpath(folder) for name, folder in folders.items()}
    mine = known[component]
    others = tuple(one for name, one in known.items() if name != component and one != mine and _within(one, mine))
    return Part(component, mine, others, tuple(ignored))


def content_version(source: Path, part: Part) -> str:
    """Of the commit that is checked out in `source`: names, modes and contents. InputError when files differ from it.

    https://git-scm.com/docs/git-ls-tree: mode, type, object and path of every file.
    """
    _refuse_changes(source, part)
    listed = dict(_entry(line) for line in _git(source, "ls-tree", "-r", "-z", "--full-tree", "HEAD"))
    found = sorted(part.of(list(listed)))
    if not found:
        raise InputError(f"{part.component} has no file in HEAD of {source}: its folder there is {part.folder!r}")
    told = hashlib.sha256(part.component.encode())
    for path in found:
        told.update(f"\0{listed[path]}\0{path if part.folder == '.' else path[len(part.folder) + 1 :]}".encode())
    return told.hexdigest()[:_LENGTH]


def _entry(line: str) -> tuple[str, str]:
    what, _, path = line.partition("\t")
    return path, what


def _refuse_changes(source: Path, part: Part) -> None:
    """What is built is what is there, and the version names what is committed."""
    inside = "".join(_git(source, "rev-parse", "--show-prefix")).strip()
    if inside:
        raise InputError(f"{source} is the folder {inside!r} of a checkout: --source takes its root")
    _git(source, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    changed = _git(source, "diff", "--name-only", "--no-renames", "-z", "HEAD", "--")
    unknown = _git(source, "ls-files", "--others", "--exclude-standard", "-z")
    if found := sorted(part.of([*changed, *unknown])):
        more = f" and {len(found) - _SEVERAL} more" if len(found) > _SEVERAL else ""
        named = f"{', '.join(found[:_SEVERAL])}{more}"
        raise InputError(f"not committed in {source}: {named}; a version names what is committed, so commit it first")


def _within(path: str, folder: str) -> bool:
    return folder == "." or path.startswith(f"{folder}/") or path == folder


def _git(source: Path, *arguments: str) -> list[str]:
    """What it says, split where `-z` ends a line."""
    command = ["git", "-C", str(source), "-c", "core.hooksPath=/dev/null", *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="surrogateescape", check=False)  # noqa: S603
    except FileNotFoundError as error:
        raise InputError("git is not installed, or not on the PATH: a version is that of a commit") from error
    if done.returncode:
        said = done.stderr.strip() or "no commit is checked out there"
        raise InputError(f"{source} is no git checkout with a commit (git {arguments[0]}): {said}")
    return [line for line in done.stdout.split("\0") if line]
