"""When a version answered users, and how many requests they made meanwhile."""

from dataclasses import dataclass
from typing import Any


@dataclass
class Span:
    """From the first answer of a version to its last: epoch seconds, and the numbers of those requests among all."""

    first_at: float
    first: int
    last_at: float
    last: int

    def as_dict(self) -> dict[str, Any]:
        """`among` is how many requests of the component were answered in that time, by whichever version."""
        return {"first_at": self.first_at, "last_at": self.last_at, "among": self.last - self.first + 1}


def stretched(span: Span | None, *, at: float, number: int) -> Span:
    """The version has answered once more."""
    return Span(at, number, at, number) if span is None else Span(span.first_at, span.first, at, number)
