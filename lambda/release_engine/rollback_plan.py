"""What to put back after a bad release, and whether that is safe: a plan as data."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from release_engine.ledger import Kind, Outcome, Release, newest_first
from release_engine.manifest import read
from release_engine.stack import update_problem


class Action(StrEnum):
    """What the release machine does next."""

    ROLL_BACK = "roll_back"
    ALREADY_RESTORED = "already_restored"
    NOTHING_TO_RESTORE = "nothing_to_restore"
    REFUSE = "refuse"


@dataclass(frozen=True)
class Plan:
    """`digest` is what should run afterwards; None where nothing can or need be put back."""

    action: Action
    digest: str | None
    reason: str


@dataclass(frozen=True)
class Facts:
    """What is true now. `stack_digest` is what the stack was last told to run, None when nothing was ever released."""

    stack_status: str | None
    stack_digest: str | None
    images: frozenset[str]


def plan(bad: Release, history: Sequence[Release], facts: Facts) -> Plan:
    """What to do about `bad`. A stack in the middle of something, or a rollback gone wrong, is a person's business."""
    if problem := update_problem(facts.stack_status):
        return _refuse(f"{problem}, so nothing can be put back by itself")
    if bad.kind is Kind.ROLLBACK:
        return _refuse(f"rolling back to {bad.digest} failed; a rollback is not rolled back by itself")
    if facts.stack_digest == bad.former_digest != bad.digest:
        return _restored(bad)
    target = _target(bad, history)
    if target is None:
        return _refuse("no former good release to go back to")
    if obstacle := _obstacle(target, bad, history, facts):
        return _refuse(obstacle)
    return Plan(Action.ROLL_BACK, target.digest, f"back to {target.digest}, released well by {target.release_id}")


def good_releases(history: Sequence[Release]) -> list[Release]:
    """The last good release of each digest that was not found bad since, newest first."""
    judged: set[str] = set()
    good = []
    for release in newest_first(history):
        if release.outcome is Outcome.RELEASED:
            if release.digest not in judged:
                good.append(release)
            if release.kind is Kind.ROLLBACK and release.former_digest:
                judged.add(release.former_digest)  # it was left because it was bad
        if release.outcome not in (Outcome.RUNNING, Outcome.REFUSED):
            judged.add(release.digest)
    return good


def _restored(bad: Release) -> Plan:
    if bad.former_digest is None:
        return Plan(Action.NOTHING_TO_RESTORE, None, "nothing ran before this first release, and nothing runs now")
    return Plan(Action.ALREADY_RESTORED, bad.former_digest, f"the stack has already restored {bad.former_digest}")


def _target(bad: Release, history: Sequence[Release]) -> Release | None:
    others = [release for release in history if release.release_id != bad.release_id]
    good = [release for release in good_releases(others) if release.digest != bad.digest]
    former = [release for release in good if release.digest == bad.former_digest]
    return next(iter(former or good), None)


def _obstacle(target: Release, bad: Release, history: Sequence[Release], facts: Facts) -> str | None:
    if target.digest not in facts.images:
        return f"the image of {target.digest} is missing from the registry"
    since = [*_after(target, history), bad]
    contract = next((release for release in since if read(release.manifest).schema_phase == "contract"), None)
    if contract is not None:
        return f"a contract migration since: {contract.release_id} left a schema that {target.digest} cannot run on"
    readable = read(target.manifest).snapshot_format
    written = {read(release.manifest).snapshot_format for release in since} - {None, readable}
    if written:
        return (
            f"snapshots are in format {', '.join(sorted(map(str, written)))} by now, {target.digest} reads {readable}"
        )
    return None


def _after(target: Release, history: Sequence[Release]) -> list[Release]:
    """What was tried after `target` and touched anything."""
    newer = newest_first(history)
    newer = newer[: newer.index(target)]
    return [release for release in newer if release.outcome is not Outcome.REFUSED]


def _refuse(reason: str) -> Plan:
    return Plan(Action.REFUSE, None, reason)
