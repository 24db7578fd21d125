"""A release of the ledger, as the summary tells it."""

from typing import Any

from release_engine.ledger import Outcome, Release

# The states that put the former digest back (docs/architecture.md).
UNDOING = ("RollBack", "PlanRollback", "VerifyRolledBack")


def account_of(release: Release) -> dict[str, Any]:
    """Seconds are those of the machine's states, which follow one another."""
    states = {name: round(seconds, 2) for name, seconds in release.seconds_by_state.items()}
    undoing = sum(seconds for name, seconds in states.items() if name.startswith(UNDOING))
    return {
        "component": release.component,
        "digest": release.digest,
        "former_digest": release.former_digest,
        "kind": release.kind.value,
        "outcome": release.outcome.value,
        "verdict": release.verdict,
        "reason": release.reason,
        "seconds": round(sum(states.values()), 1),
        "rollback_seconds": round(undoing, 1) if release.outcome is Outcome.ROLLED_BACK else 0.0,
        "seconds_by_state": states,
    }
