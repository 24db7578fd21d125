"""Decides whether a release is undone, what is put back then, and whether that is safe: from the ledger, as data.

`plan` is what the machine does by itself, `choose_rollback` what a person asks for. The watch is the third net: for a
time after a release, a failed deployment or an alarm undoes it. Its events:
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_deployment_events.html and
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from release_engine.cloudformation import update_problem
from release_engine.ledger import Kind, Outcome, Release, epoch, newest_first
from release_engine.model import Component, read_manifest


class Action(StrEnum):
    """The steps that the release machine can take after a bad release."""

    ROLL_BACK = "roll_back"
    ALREADY_RESTORED = "already_restored"
    NOTHING_TO_RESTORE = "nothing_to_restore"
    REFUSE = "refuse"


@dataclass(frozen=True)
class Plan:
    """What to do about a release; `digest` should run afterwards, None where nothing can or need be put back."""

    action: Action
    digest: str | None
    reason: str


@dataclass(frozen=True)
class Facts:
    """The facts beside the ledger; `stack_digest` is what the stack was last told to run, None before any release."""

    stack_status: str | None
    stack_digest: str | None
    images: frozenset[str]


def plan(bad: Release, history: Sequence[Release], facts: Facts) -> Plan:
    """Plan what to do about `bad`; a stack in the middle of something, or a failed rollback, is left to a person."""
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
    """Return the last good release of each digest that was not found bad since, newest first."""
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
    contract = next((release for release in since if read_manifest(release.manifest).schema_phase == "contract"), None)
    if contract is not None:
        return f"a contract migration since: {contract.release_id} left a schema that {target.digest} cannot run on"
    readable = read_manifest(target.manifest).snapshot_format
    written = {read_manifest(release.manifest).snapshot_format for release in since} - {None, readable}
    if written:
        return (
            f"snapshots are in format {', '.join(sorted(map(str, written)))} by now, {target.digest} reads {readable}"
        )
    return None


def _after(target: Release, history: Sequence[Release]) -> list[Release]:
    """Return the releases after `target` that touched anything, newest first."""
    newer = newest_first(history)
    newer = newer[: newer.index(target)]
    return [release for release in newer if release.outcome is not Outcome.REFUSED]


def _refuse(reason: str) -> Plan:
    return Plan(Action.REFUSE, None, reason)


_NOTHING_CHANGED = (Outcome.REFUSED, Outcome.RUNNING)


@dataclass(frozen=True)
class RollbackChoice:
    """Says from which release to which a rollback goes; `target` is None where `plan` refuses."""

    plan: Plan
    running: Release | None = None
    target: Release | None = None


def choose_rollback(history: Sequence[Release], facts: Facts, to: str | None) -> RollbackChoice:
    """Choose the way from the digest that the stack has now to `to`, or else to the good one before it."""
    running = _running(history, facts.stack_digest)
    if running is None:
        return RollbackChoice(_refuse(_why_unknown(facts.stack_digest)))
    if to == running.digest == facts.stack_digest:
        return RollbackChoice(_refuse(f"{to} is what runs already"), running)
    good = [release for release in good_releases(history) if release.digest != running.digest]
    target = _chosen_target(running, good, to)
    if target is None:
        reason = _not_good(to, good) if to else "no former good release to go back to"
        return RollbackChoice(_refuse(reason), running)
    # A person decides here, so what the machine refuses to do by itself, undoing a rollback, is a plan like any other.
    decided = plan(replace(running, kind=Kind.RELEASE, former_digest=target.digest), history, facts)
    goes = decided.action in (Action.ROLL_BACK, Action.ALREADY_RESTORED)
    return RollbackChoice(decided, running, target if goes else None)


def _running(history: Sequence[Release], digest: str | None) -> Release | None:
    """Return the release that brought what the stack has, whether it was judged good or not.

    Where a release failed and a person made CloudFormation go back, it is the release that failed. Nobody has seen yet
    that its predecessor runs, and to go back once more would leave a version that nothing speaks against.
    """
    touched = [release for release in newest_first(history) if release.outcome not in _NOTHING_CHANGED]
    if touched and _restored_unseen(touched[0], digest):
        return touched[0]
    return next((release for release in touched if digest and release.digest == digest), None)


def _restored_unseen(last: Release, digest: str | None) -> bool:
    failed = last.outcome is Outcome.FAILED and last.kind is Kind.RELEASE
    return failed and digest is not None and last.former_digest == digest != last.digest


def _chosen_target(running: Release, good: Sequence[Release], to: str | None) -> Release | None:
    """Return the good release of `to`, which must match exactly; else of what ran before `running`.

    Where what ran before is not good, because it was found bad itself, the newest good release takes its place.
    """
    digest = to or running.former_digest
    exact = next((release for release in good if release.digest == digest), None)
    return exact if exact or to else next(iter(good), None)


def _why_unknown(digest: str | None) -> str:
    if digest is None:
        return "nothing runs: the component was never released"
    return f"{digest} runs, but the ledger does not know how it came there; release a digest with `start`"


def _not_good(to: str, good: Sequence[Release]) -> str:
    digests = ", ".join(release.digest for release in good) or "none"
    return f"{to} was never released well, or was found bad since; good ones are: {digests}. To try it anew: `start`"


AFTERMATH_SECONDS = 600  # alarms go red some minutes after what made them


def component_of(event: Mapping[str, Any], components: Iterable[Component]) -> Component | None:
    """Return the component whose service failed to deploy or whose alarm went red; None for any other event."""
    detail = event.get("detail") or {}
    if detail.get("eventName") == "SERVICE_DEPLOYMENT_FAILED":
        names = {arn.rpartition("/")[2] for arn in event.get("resources") or []}
        return next((component for component in components if names & set(component.service_names)), None)
    if (detail.get("state") or {}).get("value") == "ALARM":
        alarm = str(detail.get("alarmName"))
        return next((component for component in components if alarm.startswith(component.alarm_prefix)), None)
    return None


def cause_of(event: Mapping[str, Any]) -> str:
    """Return the event's alarm or deployment, or its id, for `requested_by`."""
    detail = event.get("detail") or {}
    return str(detail.get("alarmName") or detail.get("deploymentId") or event.get("id") or "event")


def release_to_undo(history: Sequence[Release], *, now: float, window: float) -> tuple[Release | None, str]:
    """Return the last release if it went forward and ended well less than `window` seconds ago; else None and why."""
    last = _last(history)
    if last is None:
        return None, "nothing was ever released"
    if last.outcome is not Outcome.RELEASED or last.kind is Kind.ROLLBACK:
        return None, f"{last.release_id} was a {last.kind}, {last.outcome}: nothing to undo"
    if last.finished_at is None or now - epoch(last.finished_at) > window:
        return None, f"{last.release_id} was released more than {window / 60:.0f} minutes ago"
    return last, ""


def too_soon(history: Sequence[Release], *, now: float, cool_down: float) -> str | None:
    """Return why this rollback would be flapping: the watch undid a release less than `cool_down` seconds ago."""
    last = _last(release for release in history if release.undoes)
    if last is None or last.finished_at is None or now - epoch(last.finished_at) > cool_down:
        return None
    return f"{last.undoes} was undone by {last.release_id} less than {cool_down / 60:.0f} minutes ago"


def more_suspect(others: Mapping[str, Sequence[Release]], now: float) -> str | None:
    """Return why another component is to blame: its version was found bad just now, and neighbours suffer from that."""
    for name, history in others.items():
        last = _last(history)
        if last is None or last.outcome not in (Outcome.ROLLED_BACK, Outcome.FAILED):
            continue
        if last.finished_at and now - epoch(last.finished_at) <= AFTERMATH_SECONDS:
            return f"{last.release_id} of {name} was found bad less than {AFTERMATH_SECONDS // 60} minutes ago"
    return None


def _last(history: Iterable[Release]) -> Release | None:
    """Return the newest release that was not refused."""
    return next((release for release in newest_first(history) if release.outcome is not Outcome.REFUSED), None)
