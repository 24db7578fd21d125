"""When releases may start, as a market wants it: hours of UTC on days of the week. A rollback may at any time."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from release_engine.ledger import iso

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Window:
    """Open on `days` from `opens` to `closes`, in UTC; when `closes` is not after `opens`, it is on the next day."""

    days: tuple[str, ...]
    opens: time
    closes: time

    def __str__(self) -> str:
        return f"{', '.join(self.days)} {self.opens:%H:%M}-{self.closes:%H:%M} UTC"

    def as_dict(self) -> dict[str, Any]:
        """Return the window as JSON holds it; `parse` is the reverse."""
        return {"days": list(self.days), "opens": f"{self.opens:%H:%M}", "closes": f"{self.closes:%H:%M}"}


def parse(facts: Mapping[str, Any]) -> Window:
    """From `{"days": ["tue"], "opens": "02:00", "closes": "05:00"}`; the settings have seen to it that it is sound."""
    return Window(tuple(facts["days"]), time.fromisoformat(facts["opens"]), time.fromisoformat(facts["closes"]))


def problem(window: Window | None, epoch: float) -> str | None:
    """Why a release must not start at `epoch`, with the time at which it may; without a window it always may."""
    at = opens_at(window, epoch)
    return None if at is None else f"the release window ({window}) is closed: it opens at {iso(at)}"


def opens_at(window: Window | None, epoch: float) -> float | None:
    """When it opens next; None while it is open."""
    if window is None:
        return None
    now = datetime.fromtimestamp(epoch, UTC)
    spans = list(_spans(window, now))
    if any(opens <= now < closes for opens, closes in spans):
        return None
    return min(opens for opens, _ in spans if opens > now).timestamp()


def _spans(window: Window, now: datetime) -> Iterator[tuple[datetime, datetime]]:
    """From yesterday, whose window may still be open, to this day next week."""
    overnight = _DAY if window.closes <= window.opens else timedelta()
    for offset in range(-1, 8):
        day = now.date() + offset * _DAY
        if DAYS[day.weekday()] in window.days:
            yield (
                datetime.combine(day, window.opens, UTC),
                datetime.combine(day, window.closes, UTC) + overnight,
            )
