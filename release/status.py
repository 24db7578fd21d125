"""`status`: what runs, how the last release ended, who holds the lock and where that release is now."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from release.account import Account
from release.arguments import checked_component
from release.display import Display
from release.outcomes import refusing
from release.progress import Course
from release.surroundings import Desk
from release_aws.stepfunctions import execution_arn
from release_engine.ledger import Lock, Outcome, Release, newest_first

_DEPLOYING = "DEPLOYING"


@dataclass(frozen=True)
class Holder:
    """Who holds the lock; `state` is where its execution is now, `status` how that stands.

    `status` is DEPLOYING where it is no release that holds it, but an infrastructure deployment.
    """

    release_id: str
    since: str | None
    status: str
    state: str


@dataclass(frozen=True)
class Status:
    """`digest` is what the stack was last told to run; `released` is the release that brought it, if it is known.

    `stack` is CloudFormation's status of the stack.
    """

    component: str
    stack: str | None
    digest: str | None
    released: Release | None
    last: Release | None
    holder: Holder | None


def run(desk: Desk, display: Display, component: str | None, *, as_json: bool) -> None:
    """Only looks; needs no more than the right to read."""
    with refusing(display):
        settings = desk.settings()
        names = [checked_component(component, settings.chain)] if component else list(settings.chain)
        account = desk.account(settings)
        found = [look(account, name, desk.around.now()) for name in names]
        if as_json:
            display.raw(json.dumps({one.component: as_data(one) for one in found}, indent=2))
            return
        for one in found:
            for line in lines(one):
                display.say(line)


def look(account: Account, component: str, now: float) -> Status:
    """Asks the stack, the ledger and the machine."""
    history = account.ledger.releases(component)
    stack = account.stacks.describe(account.settings.stack_name(component))
    digest = stack.digest if stack else None
    good = (one for one in newest_first(history) if one.outcome is Outcome.RELEASED and one.digest == digest)
    lock = account.ledger.lock(component)
    holder = _holder(account, lock) if lock.held_at(now) else None
    last = next(iter(history), None)
    return Status(component, stack.status if stack else None, digest, next(good, None), last, holder)


def _holder(account: Account, lock: Lock) -> Holder:
    release_id = str(lock.holder)
    if lock.of_infrastructure:
        return Holder(release_id, lock.since, _DEPLOYING, "")
    execution = execution_arn(account.whereabouts.machines[lock.component], release_id)
    standing = account.executions.standing(execution)
    if standing is None:
        return Holder(release_id, lock.since, "UNKNOWN", "")
    course = Course()
    for event in account.executions.events_after(execution, 0):
        course.follow(event)
    return Holder(release_id, lock.since, standing.status, course.state)


def lines(status: Status) -> list[str]:
    """For people."""
    name = f"{status.component:<10}"
    below = [*_broken(status.stack), _last(status.last), *_stopped(status.last), _lock(status.holder)]
    return [f"{name}{_runs(status)}", *(f"{'':<10}{line}" for line in below)]


def short(digest: str) -> str:
    """As much of it as people can tell apart."""
    return digest.removeprefix("sha256:")[:12]


def _runs(status: Status) -> str:
    if status.digest is None:
        return "runs nothing: it was never released"
    what = f"runs {short(status.digest)} ({status.digest})"
    if status.released is None:
        return f"{what}, which the ledger does not know as released well"
    return f"{what}, released {status.released.finished_at} by {status.released.requested_by}"


def _broken(stack: str | None) -> list[str]:
    """Of a stack that could not go back, nobody knows whether it runs what it was told."""
    if stack is None or not stack.endswith("_FAILED"):
        return []
    return [f"its stack is {stack}: it may run something else, or nothing; see docs/runbook.md"]


def _last(last: Release | None) -> str:
    if last is None:
        return "no release yet"
    verdict = f", {last.verdict}" if last.verdict else ""
    reason = f": {' '.join(last.reason.split())}" if last.reason else ""
    what = f"last {last.kind.value} {last.release_id} of {short(last.digest)} by {last.requested_by}"
    return f"{what}: {last.outcome.value}{verdict}{reason}"


def _stopped(last: Release | None) -> list[str]:
    """Why tasks of a version that failed stopped, each reason once; a text instead of tasks says why none are known."""
    tasks = last.evidence.get("stopped_tasks") if last else None
    if not tasks or isinstance(tasks, str):
        return []
    reasons = Counter(f"{task['service']}: {_ended(task)}" for task in tasks)
    return [f"stopped {count} of {reason}" for reason, count in reasons.items()]


def _ended(task: Mapping[str, Any]) -> str:
    codes = ", ".join(f"{one['container']} {one['exit_code']}" for one in task["exits"] if one["exit_code"] is not None)
    reason = " ".join((task["reason"] or "no reason yet").split())
    return f"{reason} (exit code of {codes})" if codes else reason


def _lock(holder: Holder | None) -> str:
    if holder is None:
        return "lock free"
    if holder.status == _DEPLOYING:
        return f"lock held by {holder.release_id} since {holder.since}: stacks are deployed, and releases wait"
    if holder.status == "RUNNING":
        where = f", which is running, in {holder.state}" if holder.state else ", which is starting"
        return f"lock held by {holder.release_id} since {holder.since}{where}"
    over = f"its execution is over ({holder.status}), so the next release takes the lock over"
    return f"lock held by {holder.release_id} since {holder.since}; {over}"


def as_data(status: Status) -> Mapping[str, Any]:
    """For tools; a release has the ledger's fields."""
    return {
        "stack": status.stack,
        "digest": status.digest,
        "released": asdict(status.released) if status.released else None,
        "last": asdict(status.last) if status.last else None,
        "lock": asdict(status.holder) if status.holder else None,
    }
