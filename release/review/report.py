"""Shows a review on a terminal and in a log, one fact a line, and as JSON for tools."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.text import Text

from release.review import wording
from release.review.changes import Change, Risk, all_changes
from release.review.restarts import Restart
from release.review.review import Review

_STYLES = {Risk.NONE: "bold green", Risk.LOOK: "bold yellow", Risk.BLOCKED: "bold red"}
_MOST = 200  # more lines than that nobody reads on a terminal


def show(review: Review, console: Console) -> None:
    """Print the verdict first, the changes themselves last; each line is as long as it has to be."""
    for line in _lines(review):
        console.print(line, soft_wrap=True)


def as_document(review: Review) -> dict[str, Any]:
    """Return the review for tools; `risk` is the exit code, money is in US dollars a month."""
    return {
        "environment": review.comparison.environment,
        "base": review.comparison.base,
        "risk": int(review.risk),
        "verdict": review.risk.name,
        "stacks": _stacks(review),
        "findings": [asdict(finding) | {"risk": finding.risk.name} for finding in review.findings],
        "changes": [_change(change) for change in all_changes(review.stacks)],
        "restarts": [_restart(restart) for restart in review.restarts],
        "minutes": asdict(review.minutes),
        "cost": _cost(review),
        "going_back": {
            "possible": not review.obstacles,
            "obstacles": [asdict(obstacle) for obstacle in review.obstacles],
        },
        "drift": asdict(review.drift) if review.drift else None,
        "notes": list(review.notes),
    }


def _lines(review: Review) -> Iterator[Text]:
    where = f"{review.comparison.environment} against {review.comparison.base}"
    if not review.changes_something:
        yield Text(f"{where}: nothing changes", _STYLES[Risk.NONE])
    else:
        yield Text.assemble((wording.VERDICTS[review.risk], _STYLES[review.risk]), f": {where}")
        yield Text(wording.summary(review))
        yield from _findings(review)
        yield from _facts(review)
        yield from _changes(review)
    yield from (Text(f"note: {note}", "dim") for note in review.notes)


def _findings(review: Review) -> Iterator[Text]:
    for risk in (Risk.BLOCKED, Risk.LOOK):
        for text, acknowledge in wording.findings(review, risk):
            yield Text.assemble((f"{wording.VERDICTS[risk]:<14}", _STYLES[risk]), text)
            if acknowledge:
                yield Text(f"{'':<14}to let it pass, write in the description: {acknowledge}", "dim")


def _facts(review: Review) -> Iterator[Text]:
    restarts = (f"{number}. {wording.restart(restart)}" for number, restart in enumerate(review.restarts, 1))
    yield from _block("restarts", restarts)
    yield from _block("time", [wording.minutes(review)])
    yield from _block("cost", [wording.cost(review.cost), *_cost_lines(review)])
    yield from _block("going back", [wording.way_back(review), *wording.obstacles(review)])
    yield from _block("drift", [wording.drift(review), *(review.drift.unknown if review.drift else ())])


def _cost_lines(review: Review) -> Iterator[str]:
    costs = review.cost
    yield from (f"{line.path}: ${line.before:.2f} -> ${line.after:.2f}" for line in costs.lines)
    yield from (f"price of another region: {price}" for price in costs.elsewhere)
    yield from (f"not priced: {resource}" for resource in costs.not_priced)


def _changes(review: Review) -> Iterator[Text]:
    changes = list(all_changes(review.stacks))
    for change in changes[:_MOST]:
        details = "; ".join(wording.details(change))
        yield Text(f"{wording.impact(change):<18}{change.path} ({change.kind}) {details}".rstrip(), "dim")
    if len(changes) > _MOST:
        yield Text(f"… and {len(changes) - _MOST} more: --json has them all", "dim")


def _block(title: str, lines: Iterable[str]) -> Iterator[Text]:
    return (Text(f"{title if not position else '':<14}{line}") for position, line in enumerate(lines))


def _stacks(review: Review) -> dict[str, list[str]]:
    return {
        "added": [stack.name for stack in review.stacks if stack.old is None],
        "removed": [stack.name for stack in review.stacks if stack.new is None],
        "changed": [stack.name for stack in review.stacks if stack.old is not None and stack.new is not None],
    }


def _restart(restart: Restart) -> dict[str, Any]:
    names = ("component", "service", "why", "stops_first")
    return {name: getattr(restart, name) for name in names}


def _change(change: Change) -> dict[str, Any]:
    return {
        "stack": change.stack,
        "path": change.path,
        "logical_id": change.logical_id,
        "type": change.kind,
        "impact": change.impact.value,
        "properties": [
            {"name": changed.name, "impact": changed.impact.value, "old": changed.old, "new": changed.new}
            for changed in change.properties
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
