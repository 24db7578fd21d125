"""One scenario a file: what is done to the exchange, and what is promised of it."""

from rehearsal.stories import bad_client, busy, first_release, good_release, killed_command_line, rollback_by_hand
from rehearsal.stories.story import Played, Promise, Story

STORIES: dict[str, Story] = {
    story.name: story
    for story in (
        first_release.STORY,
        good_release.STORY,
        bad_client.STORY,
        busy.STORY,
        killed_command_line.STORY,
        rollback_by_hand.STORY,
    )
}
TOUR = ("first-release", "good-release", "bad-client")

__all__ = ["STORIES", "TOUR", "Played", "Promise", "Story"]
