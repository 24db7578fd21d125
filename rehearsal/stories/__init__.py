"""One scenario a file: what is done to the exchange, and what is promised of it."""

from rehearsal.stories import (
    alarm_after_success,
    assets,
    bad_canary,
    bad_client,
    busy,
    cancelled_in_console,
    console_rollback,
    crashing_backend,
    crashing_workers,
    database_unreachable,
    dropped_jobs,
    eighth_task,
    first_release,
    gate_throws,
    gate_times_out,
    good_release,
    growing_lag,
    killed_command_line,
    many_users,
    missing_image,
    net_alarms,
    net_bake,
    net_breaker,
    net_hook,
    net_watch,
    no_users,
    red_alarm,
    rollback_by_hand,
    slow_client,
    slower_client,
)
from rehearsal.stories.story import Figure, Played, Promise, Story

STORIES: dict[str, Story] = {
    story.name: story
    for story in (
        first_release.STORY,
        good_release.STORY,
        bad_client.STORY,
        alarm_after_success.STORY,
        net_watch.STORY,
        net_hook.STORY,
        net_alarms.STORY,
        net_bake.STORY,
        net_breaker.STORY,
        bad_canary.STORY,
        many_users.STORY,
        eighth_task.STORY,
        busy.STORY,
        killed_command_line.STORY,
        rollback_by_hand.STORY,
        assets.STORY,
        missing_image.STORY,
        red_alarm.STORY,
        no_users.STORY,
        slow_client.STORY,
        slower_client.STORY,
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

__all__ = ["STORIES", "TOUR", "Figure", "Played", "Promise", "Story"]
