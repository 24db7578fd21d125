"""The review on a terminal and in a log: one fact a line, as long as it has to be."""

from collections.abc import Iterable, Iterator

from rich.console import Console
from rich.text import Text

from release.review import wording
from release.review.changes import every
from release.review.findings import Risk
from release.review.review import Review

_STYLES = {Risk.NONE: "bold green", Risk.LOOK: "bold yellow", Risk.BLOCKED: "bold red"}
_MOST = 200  # more lines than that nobody reads on a terminal


def show(review: Review, console: Console) -> None:
    """The verdict first; the changes themselves last."""
    for line in _lines(review):
        console.print(line, soft_wrap=True)


def _lines(review: Review) -> Iterator[Text]:
    where = f"{review.setting.environment} against {review.setting.base}"
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
    restarts = (f"{number}. {wording.restart(one)}" for number, one in enumerate(review.restarts, 1))
    yield from _block("restarts", restarts)
    yield from _block("time", [wording.minutes(review)])
    yield from _block("cost", [wording.cost(review.cost), *_cost_lines(review)])
    yield from _block("going back", [wording.way_back(review), *wording.obstacles(review)])
    yield from _block("drift", [wording.drift(review), *(review.drift.unknown if review.drift else ())])


def _cost_lines(review: Review) -> Iterator[str]:
    costs = review.cost
    yield from (f"{line.path}: ${line.before:.2f} -> ${line.after:.2f}" for line in costs.lines)
    yield from (f"price of another region: {said}" for said in costs.elsewhere)
    yield from (f"not priced: {said}" for said in costs.not_priced)


def _changes(review: Review) -> Iterator[Text]:
    changes = list(every(review.stacks))
    for change in changes[:_MOST]:
        details = "; ".join(wording.details(change))
        yield Text(f"{wording.impact(change):<18}{change.path} ({change.kind}) {details}".rstrip(), "dim")
    if len(changes) > _MOST:
        yield Text(f"… and {len(changes) - _MOST} more: --json has them all", "dim")


def _block(title: str, lines: Iterable[str]) -> Iterator[Text]:
    return (Text(f"{title if not position else '':<14}{line}") for position, line in enumerate(lines))
