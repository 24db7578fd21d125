"""The stories, one theme a file: each does something to the exchange and promises what comes of it."""

from rehearsal.stories import (
    alarm_after_success,
    assets,
    bad_backends,
    bad_clients,
    eighth_task,
    failed_rollback,
    many_users,
    people,
    push,
    refusals,
    releases,
    single_nets,
)
from rehearsal.story_parts.story import Figure, Played, Promise, Story

STORIES: dict[str, Story] = {
    story.name: story
    for story in (
        releases.first_release,
        releases.good_release,
        releases.unchanged,
        releases.no_users,
        bad_clients.bad_client,
        bad_clients.slow_client,
        bad_clients.slower_client,
        bad_clients.bad_canary,
        alarm_after_success.alarm_after_success,
        single_nets.net_hook,
        single_nets.net_alarms,
        single_nets.net_bake,
        single_nets.net_breaker,
        single_nets.net_watch,
        many_users.many_users,
        eighth_task.eighth_task,
        refusals.missing_image,
        refusals.red_alarm_before,
        refusals.busy,
        people.killed_command_line,
        people.rollback_by_hand,
        assets.assets,
        bad_backends.database_unreachable,
        bad_backends.metrics_missing,
        bad_backends.growing_lag,
        bad_backends.crashing_backend,
        bad_backends.crashing_later,
        bad_backends.crashing_workers,
        bad_backends.dropped_jobs,
        refusals.gate_throws,
        refusals.gate_times_out,
        people.cancelled_in_console,
        people.console_rollback,
        failed_rollback.failed_rollback,
        push.push,
    )
}
TOUR = ("first-release", "good-release", "bad-client", "slower-client")

__all__ = ["STORIES", "TOUR", "Figure", "Played", "Promise", "Story"]
