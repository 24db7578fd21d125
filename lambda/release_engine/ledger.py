"""Defines what the ledger remembers, as data. The table's layout is in docs/contracts.md."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

INFRASTRUCTURE = "infrastructure:"  # begins the name of a lock's holder that is a deployment of stacks; its id follows


class Outcome(StrEnum):
    """How a release ended, or that it has not."""

    RUNNING = "running"
    RELEASED = "released"
    ROLLED_BACK = "rolled_back"
    FAILED = "failed"
    REFUSED = "refused"


class Kind(StrEnum):
    """The direction of a release: forward to a new digest, or back to one that was good."""

    RELEASE = "release"
    ROLLBACK = "rollback"


@dataclass(frozen=True)
class Release:
    """One release of one component as the ledger keeps it; times are ISO 8601 in UTC.

    `undoes` is set in a rollback that answers a change failure: the release that was called good and is undone.
    """

    release_id: str
    component: str
    digest: str
    kind: Kind
    requested_by: str
    outcome: Outcome
    started_at: str
    former_digest: str | None = None
    manifest: Mapping[str, Any] | None = None
    verdict: str | None = None
    reason: str | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)
    execution_arn: str = ""
    finished_at: str | None = None
    seconds_by_state: Mapping[str, float] = field(default_factory=dict)
    token: int = 0
    undoes: str | None = None


@dataclass(frozen=True)
class Lock:
    """The right to change a component; `token` grows with every holder, so one that was overtaken can be told apart."""

    component: str
    holder: str | None = None
    token: int = 0
    lease_until: int = 0
    since: str | None = None

    def held_at(self, epoch: float) -> bool:
        """Tell whether somebody holds the lock at that time, in epoch seconds, and the lease has not run out."""
        return self.holder is not None and epoch < self.lease_until

    @property
    def of_infrastructure(self) -> bool:
        """Tell whether a deployment of stacks holds it: that has no execution, so only the lease can end it."""
        return self.holder is not None and self.holder.startswith(INFRASTRUCTURE)


@dataclass(frozen=True)
class Current:
    """The release that last ended well."""

    component: str
    digest: str
    release_id: str
    token: int = 0


@dataclass(frozen=True)
class Baseline:
    """Tasks of the former version that run beside a release of `digest`, to be compared with it.

    `services` holds the names of the ECS services that run them, by the keys of those that they are like.
    """

    component: str
    release_id: str
    digest: str
    services: Mapping[str, str]


class LockHeldError(Exception):
    """Says that another release holds the lock, and since when."""

    def __init__(self, lock: Lock) -> None:
        super().__init__(f"{lock.holder} holds the lock of {lock.component} since {lock.since or 'an unknown time'}")
        self.lock = lock


class OvertakenError(Exception):
    """Says that the lock has gone to another release: the caller must change nothing any more."""


def newest_first(releases: Iterable[Release]) -> list[Release]:
    """Sort releases by the time they began, newest first; ids break ties."""
    return sorted(releases, key=lambda release: (release.started_at, release.release_id), reverse=True)


def standing(history: Iterable[Release], current: Current | None) -> str | None:
    """Return the digest that was released well last; None where what came after it leaves that in doubt.

    A release that was rolled back casts no doubt: that the old digest runs again was verified. A rollback that was not
    made by it, or a failed release, does.
    """
    if current is None:
        return None
    for release in newest_first(history):
        if release.release_id == current.release_id:
            return current.digest
        if release.outcome is Outcome.RUNNING:
            continue  # the one that asks
        if release.kind is Kind.ROLLBACK or release.outcome is Outcome.FAILED:
            return None
    return None


def iso(epoch: float) -> str:
    """Return epoch seconds as the ledger writes them: ISO 8601 in UTC, to the second."""
    return datetime.fromtimestamp(epoch, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def epoch(text: str) -> float:
    """Return the epoch seconds of a time that `iso` wrote."""
    return datetime.fromisoformat(text).timestamp()
