"""Words the sentences of a review, the same on a terminal and in a comment."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from release.review.changes import Change, Impact, Risk, all_changes
from release.review.cost import Cost
from release.review.restarts import Restart
from release.review.review import Review

VERDICTS = {Risk.NONE: "nothing risky", Risk.LOOK: "needs a look", Risk.BLOCKED: "blocked"}
_IMPACTS = {
    Impact.CREATE: "created",
    Impact.UPDATE: "updated",
    Impact.MAY_REPLACE: "perhaps replaced",
    Impact.REPLACE: "replaced",
    Impact.DESTROY: "deleted",
    Impact.ORPHAN: "removed but kept",
    Impact.IMPORT: "imported",
    Impact.NONE: "unchanged",
}
_LONGEST_VALUE = 60
_NAMED = 3
_PARTS = 4


def summary(review: Review) -> str:
    """Return such as `3 resources in 2 stacks: 2 updated, 1 replaced`."""
    counted = Counter(_IMPACTS[change.impact] for change in all_changes(review.stacks))
    impacts = ", ".join(f"{count} {impact}" for impact, count in counted.most_common())
    resources, stacks = counted.total(), len(review.stacks)
    where = f"{_number(resources, 'resource')} in {_number(stacks, 'stack')}"
    return f"{where}: {impacts}" if impacts else where


def impact(change: Change) -> str:
    """Say what happens to the resource, in a word or two."""
    return _IMPACTS[change.impact]


def details(change: Change) -> Iterator[str]:
    """Return such as `Cpu 512 -> 1024` for each property; attributes such as DependsOn by their name alone."""
    for changed in change.properties:
        parts = list(_parts(changed.name, changed.old, changed.new))
        if len(parts) > _PARTS:
            parts = [(changed.name, changed.old, changed.new)]
        yield from (f"{path} {_value(old)} -> {_value(new)}" for path, old, new in parts)
    yield from change.others


def findings(review: Review, risk: Risk) -> Iterator[tuple[str, str | None]]:
    """Return each finding of that risk as a line, with the line that acknowledges it.

    Where many resources have the same finding, they share a line.
    """
    of_risk = [finding for finding in review.findings if finding.risk is risk]
    blocked = [finding for finding in of_risk if finding.acknowledge]
    yield from ((f"{each.topic}: {each.subject}: {each.text}", each.acknowledge) for each in blocked)
    others = [(f"{each.topic}: {each.text}", each.subject) for each in of_risk if not each.acknowledge]
    yield from ((line, None) for line in _grouped(others))


def obstacles(review: Review) -> Iterator[str]:
    """Return what is in the way of going back as lines; resources with the same obstacle share a line."""
    return _grouped([(obstacle.text, obstacle.subject) for obstacle in review.obstacles])


def _grouped(texts_of_subjects: Sequence[tuple[str, str]]) -> Iterator[str]:
    subjects_of: dict[str, list[str]] = {}
    for text, subject in texts_of_subjects:
        subjects_of.setdefault(text, []).append(subject)
    for text, subjects in subjects_of.items():
        if len(subjects) == 1:
            yield f"{text}: {subjects[0]}"
            continue
        more = f" and {len(subjects) - _NAMED} more" if len(subjects) > _NAMED else ""
        yield f"{text}: {len(subjects)} times, {', '.join(subjects[:_NAMED])}{more}"


def restart(each: Restart) -> str:
    """Return such as `backend exchange-backend-web, because its task definition changes: Cpu`."""
    service = f"{each.component} {each.service}".strip()
    return f"{service}, because {each.why}" + ("; stands still for a while" if each.stops_first else "")


def minutes(review: Review) -> str:
    """Say how long deploying takes, and how much of that is sure."""
    expected, declared = review.minutes.expected, review.minutes.declared
    return f"about {expected:.0f} minutes, {declared:g} of them declared (bake times, stopping)"


def cost(costs: Cost) -> str:
    """Say by how much the bill changes, and what kind of prices that is made of."""
    unknown = f"; {_number(len(costs.not_priced), 'resource')} not priced" if costs.not_priced else ""
    if not costs.lines:
        return f"no difference in what has a price here (list prices checked {costs.checked}){unknown}"
    sign = "+" if costs.difference >= 0 else "-"
    amount = f"{sign}${abs(costs.difference):.2f} a month"
    return f"{amount}, by list prices checked {costs.checked}, without traffic and requests{unknown}"


def way_back(review: Review) -> str:
    """Say whether deploying the base again undoes the change."""
    if review.obstacles:
        return "not by deploying the base again"
    return f"yes: deploy the base ({review.comparison.base}) again"


def drift(review: Review) -> str:
    """Say what is known of drift."""
    if review.drift is None:
        return "not looked for (--drift needs credentials that may look)"
    if review.drift.drifted:
        return f"{_number(len(review.drift.drifted), 'resource')} changed outside of CloudFormation"
    return "not known of every stack" if review.drift.unknown else "none"


def _number(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def _parts(path: str, old: Any, new: Any) -> Iterator[tuple[str, Any, Any]]:
    """Iterate over path, old and new value of the innermost parts that differ."""
    if isinstance(old, dict) and isinstance(new, dict) and old.keys() & new.keys():
        for key in {**old, **new}:
            if old.get(key) != new.get(key):
                yield from _parts(f"{path}.{key}", old.get(key), new.get(key))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, item in enumerate(old):
            if item != new[index]:
                yield from _parts(f"{path}.{index}", item, new[index])
    else:
        yield path, old, new


def _value(value: Any) -> str:
    text = "unset" if value is None else value if isinstance(value, str) else json.dumps(value)
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"
