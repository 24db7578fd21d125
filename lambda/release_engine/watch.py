"""The third net: for a time after a release, a failed deployment or an alarm undoes it.

Events: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_deployment_events.html and
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from release_engine.ledger import Kind, Outcome, Release, epoch, newest_first
from release_engine.model import Component

AFTERMATH_SECONDS = 600  # alarms go red some minutes after what made them


def component_of(event: Mapping[str, Any], components: Iterable[Component]) -> Component | None:
    """Whose service failed to deploy, or whose alarm went red; None when the event says neither."""
    detail = event.get("detail") or {}
    if detail.get("eventName") == "SERVICE_DEPLOYMENT_FAILED":
        names = {arn.rpartition("/")[2] for arn in event.get("resources") or []}
        return next((one for one in components if names & {service.name for service in one.services}), None)
    if (detail.get("state") or {}).get("value") == "ALARM":
        alarm = str(detail.get("alarmName"))
        return next((one for one in components if alarm.startswith(one.alarm_prefix)), None)
    return None


def cause_of(event: Mapping[str, Any]) -> str:
    """The event in a word, for `requested_by`."""
    detail = event.get("detail") or {}
    return str(detail.get("alarmName") or detail.get("deploymentId") or event.get("id") or "event")


def release_to_undo(history: Sequence[Release], *, now: float, window: float) -> tuple[Release | None, str]:
    """The last release, if it is one that was released, forward, less than `window` seconds ago; and why not, else."""
    last = next((one for one in newest_first(history) if one.outcome is not Outcome.REFUSED), None)
    if last is None:
        return None, "nothing was ever released"
    if last.outcome is not Outcome.RELEASED or last.kind is Kind.ROLLBACK:
        return None, f"{last.release_id} was a {last.kind}, {last.outcome}: nothing to undo"
    if last.finished_at is None or now - epoch(last.finished_at) > window:
        return None, f"{last.release_id} was released more than {window / 60:.0f} minutes ago"
    return last, ""


def too_soon(history: Sequence[Release], *, now: float, cool_down: float) -> str | None:
    """Why this rollback would be flapping: the watch has undone a release of the component only just."""
    undone = [one for one in newest_first(history) if one.undoes and one.outcome is not Outcome.REFUSED]
    last = next(iter(undone), None)
    if last is None or last.finished_at is None or now - epoch(last.finished_at) > cool_down:
        return None
    return f"{last.undoes} was undone by {last.release_id} less than {cool_down / 60:.0f} minutes ago"


def more_suspect(others: Mapping[str, Sequence[Release]], now: float) -> str | None:
    """Another component whose version was found bad just now: what it did to its neighbours is not their fault."""
    for name, history in others.items():
        last = next((one for one in newest_first(history) if one.outcome is not Outcome.REFUSED), None)
        bad = last is not None and last.outcome in (Outcome.ROLLED_BACK, Outcome.FAILED)
        if last is not None and bad and last.finished_at and now - epoch(last.finished_at) <= AFTERMATH_SECONDS:
            return f"{last.release_id} of {name} was found bad less than {AFTERMATH_SECONDS // 60} minutes ago"
    return None
