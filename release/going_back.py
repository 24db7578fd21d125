"""Which digest a person's rollback goes back to, and whether that is safe: from the ledger, without AWS."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from release_engine.ledger import Kind, Outcome, Release, newest_first
from release_engine.rollback_plan import Action, Facts, Plan, good_releases, plan


@dataclass(frozen=True)
class GoingBack:
    """`release` is what is to be left, `target` the release to go back to, None where `plan` refuses."""

    plan: Plan
    release: Release | None = None
    target: Release | None = None


def plan_going_back(history: Sequence[Release], facts: Facts, to: str | None) -> GoingBack:
    """From the digest that the stack has now to `to`, or else to the one before it that was good."""
    running = _running(history, facts.stack_digest)
    if running is None:
        return GoingBack(_refused(_why_unknown(facts.stack_digest)))
    if to == running.digest == facts.stack_digest:
        return GoingBack(_refused(f"{to} is what runs already"), running)
    good = [release for release in good_releases(history) if release.digest != running.digest]
    target = _target(running, good, to)
    if target is None:
        return GoingBack(_refused(_not_good(to, good) if to else "no former good release to go back to"), running)
    # A person decides here, so what the machine refuses to do by itself, undoing a rollback, is a plan like any other.
    decided = plan(replace(running, kind=Kind.RELEASE, former_digest=target.digest), history, facts)
    goes = decided.action in (Action.ROLL_BACK, Action.ALREADY_RESTORED)
    return GoingBack(decided, running, target if goes else None)


def _running(history: Sequence[Release], digest: str | None) -> Release | None:
    """The release that brought what the stack has, whether it was judged good or not.

    Where a release failed and CloudFormation was made to go back, by a person: the one that failed. Nobody has seen yet
    that its predecessor runs, and to go back once more would leave a version that nothing speaks against.
    """
    touched = [one for one in newest_first(history) if one.outcome not in (Outcome.REFUSED, Outcome.RUNNING)]
    if touched and _restored_unseen(touched[0], digest):
        return touched[0]
    return next((one for one in touched if digest and one.digest == digest), None)


def _restored_unseen(last: Release, digest: str | None) -> bool:
    failed = last.outcome is Outcome.FAILED and last.kind is Kind.RELEASE
    return failed and digest is not None and last.former_digest == digest != last.digest


def _target(running: Release, good: Sequence[Release], to: str | None) -> Release | None:
    """What ran before it, if that was left for no fault of its own; else the newest good one."""
    wanted = to or running.former_digest
    exact = next((release for release in good if release.digest == wanted), None)
    return exact if exact or to else next(iter(good), None)


def _refused(reason: str) -> Plan:
    return Plan(Action.REFUSE, None, reason)


def _why_unknown(digest: str | None) -> str:
    if digest is None:
        return "nothing runs: the component was never released"
    return f"{digest} runs, but the ledger does not know how it came there; release a digest with `start`"


def _not_good(to: str, good: Sequence[Release]) -> str:
    known = ", ".join(release.digest for release in good) or "none"
    return f"{to} was never released well, or was found bad since; good ones are: {known}. To try it anew: `start`"
