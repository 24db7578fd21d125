"""The sentences of a review, the same on a terminal and in a comment."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from release.review.changes import Change, Impact, every
from release.review.cost import Cost
from release.review.findings import Risk
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
    """`3 resources in 2 stacks: 2 updated, 1 replaced`."""
    counted = Counter(_IMPACTS[change.impact] for change in every(review.stacks))
    kinds = ", ".join(f"{count} {impact}" for impact, count in counted.most_common())
    resources, stacks = counted.total(), len(review.stacks)
    where = f"{_number(resources, 'resource')} in {_number(stacks, 'stack')}"
    return f"{where}: {kinds}" if kinds else where


def impact(change: Change) -> str:
    """What happens to the resource, in a word or two."""
    return _IMPACTS[change.impact]


def details(change: Change) -> Iterator[str]:
    """`Cpu 512 -> 1024`, property by property; attributes such as DependsOn by their name alone."""
    for one in change.properties:
        parts = list(_parts(one.name, one.old, one.new))
        if len(parts) > _PARTS:
            parts = [(one.name, one.old, one.new)]
        yield from (f"{path} {_value(old)} -> {_value(new)}" for path, old, new in parts)
    yield from change.others


def findings(review: Review, risk: Risk) -> Iterator[tuple[str, str | None]]:
    """Each in a line, with the line that acknowledges it; what is found alike of many resources is said once."""
    of_risk = [one for one in review.findings if one.risk is risk]
    yield from ((f"{one.topic}: {one.subject}: {one.text}", one.acknowledge) for one in of_risk if one.acknowledge)
    alike = _alike([(f"{one.topic}: {one.text}", one.subject) for one in of_risk if not one.acknowledge])
    yield from ((line, None) for line in alike)


def obstacles(review: Review) -> Iterator[str]:
    """What is in the way of going back, likewise."""
    return _alike([(one.text, one.subject) for one in review.obstacles])


def _alike(said: Sequence[tuple[str, str]]) -> Iterator[str]:
    subjects: dict[str, list[str]] = {}
    for text, subject in said:
        subjects.setdefault(text, []).append(subject)
    for text, those in subjects.items():
        if len(those) == 1:
            yield f"{text}: {those[0]}"
            continue
        more = f" and {len(those) - _NAMED} more" if len(those) > _NAMED else ""
        yield f"{text}: {len(those)} times, {', '.join(those[:_NAMED])}{more}"


def restart(one: Restart) -> str:
    """`backend exchange-backend-web, because its task definition changes: Cpu`."""
    who = f"{one.component} {one.service}".strip()
    return f"{who}, because {one.why}" + ("; stands still for a while" if one.stops_first else "")


def minutes(review: Review) -> str:
    """How long, and how much of that is sure."""
    known = review.minutes
    return f"about {known.expected:.0f} minutes, {known.declared:g} of them declared (bake times, stopping)"


def cost(costs: Cost) -> str:
    """The difference, and what kind of prices it is made of."""
    unknown = f"; {_number(len(costs.not_priced), 'resource')} not priced" if costs.not_priced else ""
    if not costs.lines:
        return f"no difference in what has a price here (list prices checked {costs.checked}){unknown}"
    sign = "+" if costs.difference >= 0 else "-"
    amount = f"{sign}${abs(costs.difference):.2f} a month"
    return f"{amount}, by list prices checked {costs.checked}, without traffic and requests{unknown}"


def way_back(review: Review) -> str:
    """Whether there is one."""
    if review.obstacles:
        return "not by deploying the base again"
    return f"yes: deploy the base ({review.setting.base}) again"


def drift(review: Review) -> str:
    """What is known of it."""
    if review.drift is None:
        return "not looked for (--drift needs credentials that may look)"
    if review.drift.drifted:
        return f"{_number(len(review.drift.drifted), 'resource')} changed outside of CloudFormation"
    return "not known of every stack" if review.drift.unknown else "none"


def _number(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def _parts(path: str, old: Any, new: Any) -> Iterator[tuple[str, Any, Any]]:
    """Down to what differs."""
    if isinstance(old, dict) and isinstance(new, dict) and old.keys() & new.keys():
        for key in {**old, **new}:
            if old.get(key) != new.get(key):
                yield from _parts(f"{path}.{key}", old.get(key), new.get(key))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for place, item in enumerate(old):
            if item != new[place]:
                yield from _parts(f"{path}.{place}", item, new[place])
    else:
        yield path, old, new


def _value(value: Any) -> str:
    text = "unset" if value is None else value if isinstance(value, str) else json.dumps(value)
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"
