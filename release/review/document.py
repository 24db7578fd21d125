"""The review as JSON, for tools."""

from dataclasses import asdict
from typing import Any

from release.review.changes import Change, every
from release.review.restarts import Restart
from release.review.review import Review


def as_document(review: Review) -> dict[str, Any]:
    """`risk` is the exit code; money in US dollars a month."""
    return {
        "environment": review.setting.environment,
        "base": review.setting.base,
        "risk": int(review.risk),
        "verdict": review.risk.name,
        "stacks": _stacks(review),
        "findings": [asdict(one) | {"risk": one.risk.name} for one in review.findings],
        "changes": [_change(change) for change in every(review.stacks)],
        "restarts": [_restart(one) for one in review.restarts],
        "minutes": asdict(review.minutes),
        "cost": _cost(review),
        "going_back": {"possible": not review.obstacles, "obstacles": [asdict(one) for one in review.obstacles]},
        "drift": asdict(review.drift) if review.drift else None,
        "notes": list(review.notes),
    }


def _stacks(review: Review) -> dict[str, list[str]]:
    return {
        "added": [stack.name for stack in review.stacks if stack.old is None],
        "removed": [stack.name for stack in review.stacks if stack.new is None],
        "changed": [stack.name for stack in review.stacks if stack.old is not None and stack.new is not None],
    }


def _restart(one: Restart) -> dict[str, Any]:
    return {"component": one.component, "service": one.service, "why": one.why, "stops_first": one.stops_first}


def _change(change: Change) -> dict[str, Any]:
    return {
        "stack": change.stack,
        "path": change.path,
        "logical_id": change.logical_id,
        "type": change.kind,
        "impact": change.impact.value,
        "properties": [
            {"name": one.name, "impact": one.impact.value, "old": one.old, "new": one.new} for one in change.properties
        ],
        "others": list(change.others),
    }


def _cost(review: Review) -> dict[str, Any]:
    cost = review.cost
    return {
        "difference": cost.difference,
        "checked": cost.checked.isoformat(),
        "lines": [asdict(line) for line in cost.lines],
        "not_priced": list(cost.not_priced),
        "prices_of_another_region": list(cost.elsewhere),
    }
