"""What the ledger remembers, as data. The table's layout is in docs/contracts.md."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

INFRASTRUCTURE = "infrastructure:"  # how the holder of a lock is called that is no release: before an id of its own


class Outcome(StrEnum):
    """How a release ended, or that it has not."""

    RUNNING = "running"
    RELEASED = "released"
    ROLLED_BACK = "rolled_back"
    FAILED = "failed"
    REFUSED = "refused"


class Kind(StrEnum):
    """Forward to a new digest, or back to one that was good."""

    RELEASE = "release"
    ROLLBACK = "rollback"


@dataclass(frozen=True)
class Release:
    """One release of one component; times are ISO 8601 in UTC.

    `undoes` is the release that was called good and whose failure this rollback is the answer to: a change failure.
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
    """Who may change a component. `token` only grows, so a machine that was overtaken can be told apart."""

    component: str
    holder: str | None = None
    token: int = 0
    lease_until: int = 0
    since: str | None = None

    def held_at(self, epoch: float) -> bool:
        """True while somebody holds it and the lease has not run out."""
        return self.holder is not None and epoch < self.lease_until

    @property
    def of_infrastructure(self) -> bool:
        """A deployment of stacks holds it, which has no execution: only its lease tells whether it still lives."""
        return self.holder is not None and self.holder.startswith(INFRASTRUCTURE)


@dataclass(frozen=True)
class Current:
    """What was last released well."""

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
    """Another release holds the lock."""

    def __init__(self, lock: Lock) -> None:
        super().__init__(f"{lock.holder} holds the lock of {lock.component} since {lock.since or 'an unknown time'}")
        self.lock = lock


class OvertakenError(Exception):
    """The lock has gone to another release: the caller must change nothing any more."""


def newest_first(releases: Iterable[Release]) -> list[Release]:
    """By the time they began; ids break ties."""
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
    """A time of the clock as the ledger writes it."""
    return datetime.fromtimestamp(epoch, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def epoch(text: str) -> float:
    """The reverse of `iso`."""
    return datetime.fromisoformat(text).timestamp()
