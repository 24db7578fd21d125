"""What a story that follows docs/runbook.md finds there to type."""

import pytest

from rehearsal.commands import StepFailedError
from rehearsal.stories import failed_rollback
from rehearsal.story_parts import by_hand


def test_f5_the_commands_for_a_rollback_that_failed_begin_with_the_service_and_end_with_the_ledger() -> None:
    """A deployment must run before its stack can be continued, and that before a release of any kind."""
    words = [" ".join(command.split()[:3]) for command in by_hand.runbook_commands(failed_rollback.SECTION)]
    assert words == [
        "aws ecs update-service",
        "aws ecs wait",
        "aws cloudformation continue-update-rollback",
        "aws cloudformation wait",
        "python -m release",
    ]


@pytest.mark.parametrize("heading", ["A lock does not go away", "There is no such heading"])
def test_a_section_that_names_no_command_in_its_steps_is_none_to_follow(heading: str) -> None:
    with pytest.raises(StepFailedError, match=heading):
        by_hand.runbook_commands(heading)
