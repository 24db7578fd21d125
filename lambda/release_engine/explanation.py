"""What a release has to say for itself: its reason in one line, and where its time went."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

State = Mapping[str, Any]
_GOOD = {"PASS", "succeeded", "no_changes", "ready", "unchanged"}


def why(state: State) -> str:
    """Why the machine left its way: what failed first, then what was done about it."""
    plan = state.get("plan") or {}
    undone = [
        plan.get("reason"),
        _caught(state.get("rollback_failure")),
        _bad(state.get("rollback")),
        _bad(state.get("verified_rollback")),
    ]
    return "; ".join(filter(None, [_first_trouble(state) or "no reason was given", *undone]))


def passed(state: State) -> str:
    """Why a released version is believed to be good."""
    return str((state.get("bake") or state.get("verified") or {}).get("reason") or "")


def seconds_by_state(events: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """Seconds in each state, summed over its visits, from an execution's history.

    https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
    """
    entered: dict[str, datetime] = {}
    total: dict[str, float] = {}
    for event in events:
        if details := event.get("stateEnteredEventDetails"):
            entered[details["name"]] = event["timestamp"]
        details = event.get("stateExitedEventDetails")
        if details and (began := entered.pop(details["name"], None)):
            spent = (event["timestamp"] - began).total_seconds()
            total[details["name"]] = round(total.get(details["name"], 0.0) + spent, 3)
    return total


def _first_trouble(state: State) -> str | None:
    """An exception explains more than the state that it left behind, and the gate more than the failed update."""
    steps = ("bake", "verified", "gate", "deploy", "preflight")
    return _caught(state.get("failure")) or next(filter(None, (_bad(state.get(step)) for step in steps)), None)


def _bad(result: Mapping[str, Any] | None) -> str | None:
    if not result or {result.get("status"), result.get("verdict")} & _GOOD:
        return None
    return str(result.get("reason") or "") or None


def _caught(failure: Mapping[str, Any] | None) -> str | None:
    """What a Catch kept: `Cause` is the function's error as JSON, or plain text."""
    if not failure:
        return None
    cause = str(failure.get("Cause") or "")
    try:
        told = json.loads(cause)
    except ValueError:
        return f"{failure.get('Error')}: {cause}"
    return f"{failure.get('Error')}: {told.get('errorMessage', cause)}" if isinstance(told, dict) else cause
