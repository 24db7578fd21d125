"""One scenario a file: what is done to the exchange, and what is promised of it."""

from rehearsal.stories import (
    alarm_after_success,
    bad_client,
    busy,
    cancelled_in_console,
    console_rollback,
    crashing_backend,
    crashing_workers,
    database_unreachable,
    dropped_jobs,
    first_release,
    gate_throws,
    gate_times_out,
    good_release,
    growing_lag,
    killed_command_line,
    missing_image,
    no_users,
    red_alarm,
    rollback_by_hand,
    slow_client,
)
from rehearsal.stories.story import Played, Promise, Story

STORIES: dict[str, Story] = {
    story.name: story
    for story in (
        first_release.STORY,
        good_release.STORY,
        bad_client.STORY,
        alarm_after_success.STORY,
        busy.STORY,
        killed_command_line.STORY,
        rollback_by_hand.STORY,
        missing_image.STORY,
        red_alarm.STORY,
        no_users.STORY,
        slow_client.STORY,
        crashing_backend.STORY,
        crashing_workers.STORY,
        database_unreachable.STORY,
        growing_lag.STORY,
        dropped_jobs.STORY,
        gate_throws.STORY,
        gate_times_out.STORY,
        cancelled_in_console.STORY,
        console_rollback.STORY,
    )
}
TOUR = ("first-release", "good-release", "bad-client")

__all__ = ["STORIES", "TOUR", "Played", "Promise", "Story"]
