"""When releases may start. 2026-11-24 is a Tuesday."""

from datetime import UTC, datetime

import pytest

from release_engine.model import opens_at, parse_window, window_problem

NIGHT = parse_window({"days": ["tue", "wed"], "opens": "22:00", "closes": "02:00"})
MORNING = parse_window({"days": ["mon", "tue"], "opens": "02:00", "closes": "05:00"})


def epoch(text: str) -> float:
    """Of a time of November 2026 in UTC."""
    return datetime.fromisoformat(f"2026-11-{text}").replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize("at", ["24T02:00", "24T04:59:59", "23T03:00"])
def test_a_release_may_start_inside_the_window(at: str) -> None:
    assert window_problem(MORNING, epoch(at)) is None


@pytest.mark.parametrize("at", ["24T22:00", "25T01:59:59", "26T00:00"])
def test_a_window_may_reach_into_the_next_day(at: str) -> None:
    assert window_problem(NIGHT, epoch(at)) is None


@pytest.mark.parametrize(
    ("at", "opens"),
    [
        ("24T01:59:59", "2026-11-24T02:00:00Z"),
        ("23T05:00", "2026-11-24T02:00:00Z"),
        ("24T05:00", "2026-11-30T02:00:00Z"),
        ("28T12:00", "2026-11-30T02:00:00Z"),
    ],
)
def test_a_closed_window_names_its_next_opening(at: str, opens: str) -> None:
    assert window_problem(MORNING, epoch(at)) == (
        f"the release window (mon, tue 02:00-05:00 UTC) is closed: it opens at {opens}"
    )


def test_when_it_opens_is_known_while_it_is_closed_only() -> None:
    assert opens_at(MORNING, epoch("24T05:00")) == epoch("30T02:00")
    assert opens_at(MORNING, epoch("24T02:00")) is None


def test_the_night_before_is_not_the_window_of_the_day() -> None:
    assert window_problem(NIGHT, epoch("24T01:00")) is not None


def test_one_day_a_week_opens_again_a_week_later() -> None:
    weekly = parse_window({"days": ["tue"], "opens": "02:00", "closes": "03:00"})
    assert "opens at 2026-12-01T02:00:00Z" in (window_problem(weekly, epoch("24T03:00")) or "")


def test_a_window_until_midnight_ends_at_midnight() -> None:
    evening = parse_window({"days": ["tue"], "opens": "20:00", "closes": "00:00"})
    assert window_problem(evening, epoch("24T23:59:59")) is None
    assert window_problem(evening, epoch("25T00:00")) is not None


def test_without_a_window_a_release_may_always_start() -> None:
    assert window_problem(None, epoch("24T12:00")) is None
