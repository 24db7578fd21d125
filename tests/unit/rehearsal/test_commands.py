"""What a rehearsal runs: commands and how they end, deployments and their templates, and the memory that is taken."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from rehearsal.commands import Command, StepFailedError, wait_until
from rehearsal.deployment import differing, stack_names, templates
from rehearsal.memory import memory_mb


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


def test_a_template_that_differs_by_one_byte_is_named() -> None:
    assert differing({"a": "{}", "b": "{}"}, {"a": "{}", "b": "{} "}) == ["b"]


@pytest.mark.parametrize(("wanted", "deployed"), [({"a": "{}"}, {}), ({}, {"a": "{}"})])
def test_a_stack_that_only_one_side_has_is_named(wanted: dict[str, str], deployed: dict[str, str]) -> None:
    assert differing(wanted, deployed) == ["a"]


def test_templates_are_found_by_the_names_of_their_stacks(tmp_path: Path) -> None:
    stack = {"stackName": "exchange-prod2-data", "templateFile": "Data.template.json"}
    artifacts = {
        "Data": {"type": "aws:cloudformation:stack", "properties": stack},
        "Data.assets": {"type": "cdk:asset-manifest", "properties": {"file": "Data.assets.json"}},
    }
    (tmp_path / "manifest.json").write_text(json.dumps({"artifacts": artifacts}))
    (tmp_path / "Data.template.json").write_text("{}\n")
    assert templates(tmp_path) == {"exchange-prod2-data": "{}\n"}


def test_a_stack_without_a_name_of_its_own_is_found_by_its_id(tmp_path: Path) -> None:
    stack = {"type": "aws:cloudformation:stack", "properties": {"templateFile": "exchange-prod2-data.template.json"}}
    (tmp_path / "manifest.json").write_text(json.dumps({"artifacts": {"exchange-prod2-data": stack}}))
    (tmp_path / "exchange-prod2-data.template.json").write_text("{}\n")
    assert templates(tmp_path) == {"exchange-prod2-data": "{}\n"}


def test_memory_counts_what_was_started_too() -> None:
    before = memory_mb()
    program = "import sys; kept = bytearray(64 * 2**20); print(flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:  # noqa: S603
        assert process.stdout is not None
        process.stdout.readline()
        assert memory_mb() > before + 60
        process.communicate()


class FakeCloudFormation:
    """Lists stacks by status."""

    def __init__(self, statuses: dict[str, str]) -> None:
        self._stacks = [{"StackName": name, "StackStatus": status} for name, status in statuses.items()]

    def get_paginator(self, operation: str) -> "FakeCloudFormation":
        assert operation == "describe_stacks"
        return self

    def paginate(self) -> list[dict[str, list[dict[str, str]]]]:
        return [{"Stacks": self._stacks}]


def test_f4_a_stack_that_was_rolled_back_does_not_count_as_deployed() -> None:
    statuses = {
        "exchange-prod2-data": "CREATE_COMPLETE",
        "exchange-prod2-client": "UPDATE_COMPLETE",
        "exchange-prod2-engine": "ROLLBACK_COMPLETE",
        "exchange-prod2-backend": "UPDATE_ROLLBACK_COMPLETE",
        "CDKToolkit": "CREATE_COMPLETE",
    }
    standing = stack_names(FakeCloudFormation(statuses), "exchange-prod2-")
    assert standing == ["exchange-prod2-client", "exchange-prod2-data"]
