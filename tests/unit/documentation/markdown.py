"""Reads the repository's Markdown: which files there are, where they link to and which anchors they have."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
NOT_OURS = {".git", ".venv", "node_modules", "cdk.out", "build", ".pytest_cache", ".mypy_cache", ".ruff_cache"}
_FENCE = re.compile(r"^( *)(```|~~~).*?^\1\2 *$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(\s*([^)\s]+)[^)]*\)")
_HEADING = re.compile(r"^#{1,6} +(.+?) *#*$", re.MULTILINE)
_NAMED = re.compile(r"<a id=\"([^\"]+)\">")


def files(*suffixes: str) -> Iterator[Path]:
    """Yield every file of the project with one of these suffixes; not what tools have installed or written."""
    for path in _below(ROOT):
        if path.suffix in suffixes:
            yield path


def _below(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.is_dir() and path.name not in NOT_OURS:
            yield from _below(path)
        elif path.is_file():
            yield path


def prose(path: Path) -> str:
    """Return a Markdown file's text without its code blocks."""
    return _FENCE.sub("", path.read_text(encoding="utf-8"))


def links(path: Path) -> list[str]:
    """Return the targets of a Markdown file's links, as they are written."""
    return _LINK.findall(prose(path))


@cache
def anchors(path: Path) -> frozenset[str]:
    """Return what a link may name after `#`: the headings, as GitHub spells them, and the places with an id."""
    text = prose(path)
    headings = [_slug(heading) for heading in _HEADING.findall(text)]
    again = {f"{slug}-{number}" for slug in headings for number in range(1, headings.count(slug))}
    return frozenset({*headings, *again, *_NAMED.findall(text)})


def _slug(heading: str) -> str:
    words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    return re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-")
