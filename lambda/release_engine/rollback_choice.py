"""Chooses where a person's rollback goes back to, and tells whether that is safe: from the ledger, without AWS."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from release_engine.ledger import Kind, Outcome, Release, newest_first
from release_engine.rollback_plan import Action, Facts, Plan, good_releases, plan

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
        return RollbackChoice(_refused(_why_unknown(facts.stack_digest)))
    if to == running.digest == facts.stack_digest:
        return RollbackChoice(_refused(f"{to} is what runs already"), running)
    good = [release for release in good_releases(history) if release.digest != running.digest]
    target = _target(running, good, to)
    if target is None:
        reason = _not_good(to, good) if to else "no former good release to go back to"
        return RollbackChoice(_refused(reason), running)
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


def _target(running: Release, good: Sequence[Release], to: str | None) -> Release | None:
    """Return the good release of `to`, which must match exactly; else of what ran before `running`.

    Where what ran before is not good, because it was found bad itself, the newest good release takes its place.
    """
    digest = to or running.former_digest
    exact = next((release for release in good if release.digest == digest), None)
    return exact if exact or to else next(iter(good), None)


def _refused(reason: str) -> Plan:
    return Plan(Action.REFUSE, None, reason)


def _why_unknown(digest: str | None) -> str:
    if digest is None:
        return "nothing runs: the component was never released"
    return f"{digest} runs, but the ledger does not know how it came there; release a digest with `start`"


def _not_good(to: str, good: Sequence[Release]) -> str:
    digests = ", ".join(release.digest for release in good) or "none"
    return f"{to} was never released well, or was found bad since; good ones are: {digests}. To try it anew: `start`"
