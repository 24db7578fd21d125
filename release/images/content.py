"""`version`: names a component's content. One name for one content, whatever the commit.

A commit that does not touch a component does not change its version, so its image is there already, and what runs is
not released again. Which paths count is told by patterns as CodePipeline's triggers read them.
"""

import hashlib
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from posixpath import normpath
from typing import Annotated

import typer

from release.cli_context import CliContext
from release.command_line import ComponentName, InputError, checked_component, refusing

_LENGTH = 40
_SEVERAL = 3
_GLOB_PARTS = re.compile(
    r"\\(?P<plain>.)|(?P<any>\*\*)|(?P<some>\*)|(?P<one>\?)|\[(?P<set>[^\]/]+)\]|(?P<rest>.)", re.DOTALL
)

Source = Annotated[Path, typer.Option(metavar="FOLDER", help="The monorepo, checked out.")]


@dataclass(frozen=True)
class ComponentPaths:
    """Says what of a monorepo is a component's: its folder, without others' folders in it and without `ignored`."""

    component: str
    folder: str
    others: tuple[str, ...]
    ignored: tuple[str, ...]

    def of(self, paths: Sequence[str]) -> Iterator[str]:
        """Iterate over those of the monorepo's paths that are the component's."""
        patterns = [compiled_glob(pattern) for pattern in self.ignored]
        for path in paths:
            inside = _within(path, self.folder) and not any(_within(path, other) for other in self.others)
            if inside and not any(pattern.fullmatch(path) for pattern in patterns):
                yield path


def version(context: typer.Context, component: ComponentName, *, source: Source) -> None:
    """Print what names the component's content in the commit that is checked out; other commits may have the same."""
    cli: CliContext = context.obj
    with refusing(cli.display):
        settings = cli.settings()
        folders = {name: each.path for name, each in settings.components.items()}
        checked_component(component, settings.chain)
        paths = paths_of(component, folders, settings.pipeline.ignored_paths)
        cli.display.raw(content_version(source, paths))


def paths_of(component: str, folders: Mapping[str, str], ignored: Sequence[str]) -> ComponentPaths:
    """Separate a component from the others.

    `folders` are those of all components, relative to the monorepo's root; `ignored` are CodePipeline's patterns.
    """
    normal = {name: normpath(folder) for name, folder in folders.items()}
    own = normal[component]
    others = [folder for name, folder in normal.items() if name != component and folder != own]
    return ComponentPaths(component, own, tuple(each for each in others if _within(each, own)), tuple(ignored))


def content_version(source: Path, paths: ComponentPaths) -> str:
    """Hash the names, modes and contents of a component's files in the commit that is checked out in `source`.

    Raises InputError when files differ from the commit. A line of `git ls-tree` has mode, type, object and path of a
    file: https://git-scm.com/docs/git-ls-tree
    """
    _refuse_changes(source, paths)
    entries = dict(_entry(line) for line in _git(source, "ls-tree", "-r", "-z", "--full-tree", "HEAD"))
    files = sorted(paths.of(list(entries)))
    if not files:
        raise InputError(f"{paths.component} has no file in HEAD of {source}: its folder there is {paths.folder!r}")
    hashed = hashlib.sha256(paths.component.encode())
    for path in files:
        inside = path if paths.folder == "." else path[len(paths.folder) + 1 :]
        hashed.update(f"\0{entries[path]}\0{inside}".encode())
    return hashed.hexdigest()[:_LENGTH]


def compiled_glob(pattern: str) -> re.Pattern[str]:
    """Translate a pattern of CodePipeline's triggers; it matches whole paths, relative to the repository's root.

    `*` and `?` stay within a folder, `**` does not, `[…]` is one of some characters, `{…,…}` one of some patterns, and
    a backslash takes the next character as it is:
    https://docs.aws.amazon.com/codepipeline/latest/userguide/syntax-glob.html
    """
    expression, open_braces = "", 0
    for part in _GLOB_PARTS.finditer(pattern):
        translated, open_braces = _translated(part, open_braces)
        expression += translated
    if open_braces:
        raise InputError(f"{pattern!r}: a brace is not closed")
    return re.compile(expression, re.DOTALL)


def _translated(part: re.Match[str], open_braces: int) -> tuple[str, int]:
    """Return a part of a pattern as a regular expression, and how many braces are open after it."""
    kind, text = str(part.lastgroup), part[str(part.lastgroup)]
    fixed = {"any": ".*", "some": "[^/]*", "one": "[^/]", "plain": re.escape(text), "set": _character_set(text)}
    if kind in fixed:
        return fixed[kind], open_braces
    if text == "{":
        return "(?:", open_braces + 1
    if open_braces and text in "},":
        return (")", open_braces - 1) if text == "}" else ("|", open_braces)
    return re.escape(text), open_braces


def _character_set(text: str) -> str:
    """Translate `[…]`, which never matches the end of a folder, whatever the set leaves out."""
    left_out = text.startswith("!")
    characters = re.sub(r"([\\^\[\]])", r"\\\1", text.removeprefix("!"))
    return f"(?!/)[{'^' if left_out else ''}{characters}]"


def _entry(line: str) -> tuple[str, str]:
    described, _, path = line.partition("\t")
    return path, described


def _refuse_changes(source: Path, paths: ComponentPaths) -> None:
    """Refuse files that are not committed: what is built is what is there, and the version names what is committed."""
    inside = "".join(_git(source, "rev-parse", "--show-prefix")).strip()
    if inside:
        raise InputError(f"{source} is the folder {inside!r} of a checkout: --source takes its root")
    _git(source, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    changed = _git(source, "diff", "--name-only", "--no-renames", "-z", "HEAD", "--")
    unknown = _git(source, "ls-files", "--others", "--exclude-standard", "-z")
    if files := sorted(paths.of([*changed, *unknown])):
        more = f" and {len(files) - _SEVERAL} more" if len(files) > _SEVERAL else ""
        named = f"{', '.join(files[:_SEVERAL])}{more}"
        raise InputError(f"not committed in {source}: {named}; a version names what is committed, so commit it first")


def _within(path: str, folder: str) -> bool:
    return folder == "." or path.startswith(f"{folder}/") or path == folder


def _git(source: Path, *arguments: str) -> list[str]:
    """Run git and return its NUL-separated output fields."""
    command = ["git", "-C", str(source), "-c", "core.hooksPath=/dev/null", *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="surrogateescape", check=False)  # noqa: S603
    except FileNotFoundError as error:
        raise InputError("git is not installed, or not on the PATH: a version is that of a commit") from error
    if done.returncode:
        reason = done.stderr.strip() or "no commit is checked out there"
        raise InputError(f"{source} is no git checkout with a commit (git {arguments[0]}): {reason}")
    return [field for field in done.stdout.split("\0") if field]
