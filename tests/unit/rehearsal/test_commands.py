"""Commands, and what the rehearsal makes of how they end."""

import sys
from pathlib import Path

import pytest

from rehearsal.commands import Command, StepFailedError
from rehearsal.waiting import wait_until


def _python(program: str, said: list[str], **environment: str) -> Command:
    return Command([sys.executable, "-c", program], environment=environment, folder=Path(), say=said.append)


def test_what_a_command_prints_is_shown_and_kept() -> None:
    said: list[str] = []
    finished = _python("import sys; print('out'); print('err', file=sys.stderr)", said).wait(20)
    assert finished.code == 0
    assert sorted(said) == sorted(finished.lines) == ["err", "out"]


def test_a_step_that_failed_is_named_with_its_last_lines() -> None:
    finished = _python("print('why'); raise SystemExit(3)", []).wait(20)
    with pytest.raises(StepFailedError, match="cdk deploy ended with 3") as failed:
        finished.require("cdk deploy")
    assert failed.value.tail == ("why",)


def test_a_command_that_takes_too_long_is_ended_and_counts_as_failed() -> None:
    finished = _python("import time; time.sleep(60)", []).wait(0.3)
    assert finished.code == 124
    assert "took longer" in finished.output


def test_the_account_that_a_person_is_logged_in_to_is_never_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    program = "import os; print(os.environ.get('AWS_PROFILE'), os.environ['AWS_REGION'])"
    assert _python(program, [], AWS_REGION="us-west-2").wait(20).lines == ("None us-west-2",)


def test_waiting_ends_with_a_reason() -> None:
    with pytest.raises(StepFailedError, match="waiting until pigs fly: not within 0 s"):
        wait_until(lambda: False, "pigs fly", seconds=0)
