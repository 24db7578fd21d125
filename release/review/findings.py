"""What a reviewer has to know, ranked: the worst finding is the verdict."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum


class Risk(IntEnum):
    """How bad it is; also the exit code of the command. 1 is left for a comparison that could not be made."""

    NONE = 0
    LOOK = 2
    BLOCKED = 3


@dataclass(frozen=True)
class Finding:
    """`subject` is the resource's path; `acknowledge` is the line that would let a blocked change pass."""

    risk: Risk
    topic: str
    subject: str
    text: str
    acknowledge: str | None = None


def worst(findings: Iterable[Finding]) -> Risk:
    """Worst wins; nothing found is no risk."""
    return max((finding.risk for finding in findings), default=Risk.NONE)


def ranked(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The worst first; of the same rank in the order in which they were found."""
    return tuple(sorted(findings, key=lambda finding: -finding.risk))
