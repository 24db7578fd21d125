"""What is asked of `diff`."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Request:
    """`description` is a file with the pull request's text; `change_set` and `drift` ask AWS."""

    root: Path
    base: str
    description: Path | None = None
    markdown: Path | None = None
    json: Path | None = None
    change_set: bool = False
    drift: bool = False
