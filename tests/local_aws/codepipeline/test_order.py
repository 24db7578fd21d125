"""Executions after one another, stopped, tried again, and ended with the local AWS.

https://docs.aws.amazon.com/codepipeline/latest/userguide/concepts-how-it-works.html
"""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.local_aws.codepipeline.sample_pipelines import SUCCEED, Pipelines, approval, function, machine, stage
from tests.local_aws.ecs.sample_services import wait_for

HookFactory = Callable[[str], str]
WAIT = {"Wait": {"Type": "Wait", "Seconds": 120, "Next": "Done"}, "Done": {"Type": "Succeed"}}
FAIL = {"Done": {"Type": "Fail"}}
# Fails until somebody puts the parameter.
FAIL_UNTIL_MENDED = """
job = event["CodePipeline.job"]
api, name = boto3.client("codepipeline"), job["data"]["actionConfiguration"]["configuration"]["UserParameters"]
try:
    boto3.client("ssm").get_parameter(Name=name)
    api.put_job_success_result(jobId=job["id"])
except Exception as error:
    api.put_job_failure_result(jobId=job["id"], failureDetails={"type": "JobFailed", "message": str(error)})
"""


def mend(pipelines: Pipelines) -> None:
    pipelines.aws.client("ssm").put_parameter(Name=f"/{pipelines.stack.name}", Value="mended", Type="String")


def fragile(pipelines: Pipelines, hook: HookFactory, name: str = "Fragile") -> dict[str, Any]:
    return function(hook(FAIL_UNTIL_MENDED), name, parameters=f"/{pipelines.stack.name}")


def test_f20_queued_executions_enter_a_stage_one_by_one_in_their_order(pipelines: Pipelines) -> None:
    pipelines.create(stage("Ask", approval()), stage("Again", approval()))
    first, second, third = (pipelines.start() for _ in range(3))
    token = pipelines.waits(first, "Ask")
    wait_for(lambda: inbound(pipelines, "Ask"), lambda waiting: waiting == [second, third])
    pipelines.approve("Ask", token)
    token = pipelines.waits(second, "Ask")
    assert pipelines.stage("Again")["latestExecution"]["pipelineExecutionId"] == first
    pipelines.approve("Ask", token)
    wait_for(lambda: inbound(pipelines, "Again"), lambda waiting: waiting == [second])
    pipelines.waits(third, "Ask")
    for execution in (first, second):
        pipelines.approve("Again", pipelines.waits(execution, "Again"))
        assert pipelines.ended(execution) == "Succeeded"


def inbound(pipelines: Pipelines, stage: str) -> list[str]:
    return [execution["pipelineExecutionId"] for execution in pipelines.stage(stage).get("inboundExecutions", [])]


def test_a_failure_unlocks_the_stage_for_the_next(pipelines: Pipelines) -> None:
    pipelines.create(stage("Ask", approval()))
    first, second = pipelines.start(), pipelines.start()
    pipelines.approve("Ask", pipelines.waits(first, "Ask"), "Rejected")
    assert pipelines.ended(first) == "Failed"
    pipelines.approve("Ask", pipelines.waits(second, "Ask"))
    assert pipelines.ended(second) == "Succeeded"
    with pytest.raises(pipelines.api.exceptions.NotLatestPipelineExecutionException):
        pipelines.retry(first, "Ask")


def test_a_disabled_transition_holds_executions_up(pipelines: Pipelines) -> None:
    """https://docs.aws.amazon.com/codepipeline/latest/userguide/transitions.html"""
    name = pipelines.create(stage("Ask", approval()))
    transition = {"pipelineName": name, "stageName": "Ask", "transitionType": "Inbound"}
    pipelines.api.disable_stage_transition(**transition, reason="a freeze")
    execution = pipelines.start()
    wait_for(lambda: inbound(pipelines, "Ask"), lambda waiting: waiting == [execution])
    state = pipelines.stage("Ask")["inboundTransitionState"]
    assert (state["enabled"], state["disabledReason"]) == (False, "a freeze")
    pipelines.api.enable_stage_transition(**transition)
    pipelines.approve("Ask", pipelines.waits(execution, "Ask"))
    assert pipelines.ended(execution) == "Succeeded"


def test_failed_actions_are_tried_again_and_others_left_alone(
    pipelines: Pipelines, hook: HookFactory, machine_of: Any
) -> None:
    """https://docs.aws.amazon.com/codepipeline/latest/userguide/actions-retry.html"""
    good = machine(machine_of(SUCCEED), "Good")
    pipelines.create(stage("Do", good, fragile(pipelines, hook), approval(RunOrder=2)))
    execution = pipelines.start()
    assert pipelines.ended(execution) == "Failed"
    mend(pipelines)
    pipelines.retry(execution, "Do")
    pipelines.approve("Do", pipelines.waits(execution, "Do"))
    assert pipelines.ended(execution) == "Succeeded"
    statuses = pipelines.statuses(execution)
    assert sorted(statuses[:3]) == [("Fragile", "Failed"), ("Good", "Succeeded"), ("Push", "Succeeded")]
    assert statuses[3:] == [("Fragile", "Succeeded"), ("Approve", "Succeeded")]
    retried = pipelines.stage("Do")["retryStageMetadata"]
    assert retried == {"manualStageRetryAttempt": 1, "latestRetryTrigger": "ManualStageRetry"}


def test_all_actions_can_be_tried_again(pipelines: Pipelines, hook: HookFactory, machine_of: Any) -> None:
    pipelines.create(stage("Do", machine(machine_of(SUCCEED)), fragile(pipelines, hook)))
    execution = pipelines.start()
    assert pipelines.ended(execution) == "Failed"
    mend(pipelines)
    pipelines.retry(execution, "Do", "ALL_ACTIONS")
    assert pipelines.ended(execution) == "Succeeded"
    assert sorted(pipelines.statuses(execution)) == [
        ("Fragile", "Failed"),
        ("Fragile", "Succeeded"),
        ("Push", "Succeeded"),
        ("Release", "Succeeded"),
        ("Release", "Succeeded"),
    ]


def test_a_failed_action_is_tried_again_while_others_still_run(pipelines: Pipelines, hook: HookFactory) -> None:
    """https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_RetryStageExecution.html"""
    pipelines.create(stage("Do", fragile(pipelines, hook), approval()))
    execution = pipelines.start()
    token = pipelines.waits(execution, "Do")
    wait_for(lambda: ("Fragile", "Failed") in pipelines.statuses(execution), bool)
    with pytest.raises(pipelines.api.exceptions.StageNotRetryableException):
        pipelines.retry(execution, "Do", "ALL_ACTIONS")
    mend(pipelines)
    pipelines.retry(execution, "Do")
    wait_for(lambda: ("Fragile", "Succeeded") in pipelines.statuses(execution), bool)
    pipelines.approve("Do", token)
    assert pipelines.ended(execution) == "Succeeded"


def test_what_succeeded_cannot_be_tried_again(pipelines: Pipelines, machine_of: Any) -> None:
    pipelines.create(stage("Do", machine(machine_of(SUCCEED))))
    execution = pipelines.start()
    assert pipelines.ended(execution) == "Succeeded"
    with pytest.raises(pipelines.api.exceptions.StageNotRetryableException):
        pipelines.retry(execution, "Do")
    with pytest.raises(pipelines.api.exceptions.StageNotFoundException):
        pipelines.retry(execution, "Nowhere")


def test_stop_waits_for_what_is_under_way(pipelines: Pipelines, machine_of: Any) -> None:
    """https://docs.aws.amazon.com/codepipeline/latest/userguide/pipelines-stop.html"""
    good = machine_of(SUCCEED)
    pipelines.create(stage("Do", approval(), machine(good, RunOrder=2)), stage("Later", machine(good)))
    execution = pipelines.start()
    token = pipelines.waits(execution, "Do")
    pipelines.stop(execution, reason="not today")
    assert pipelines.status(execution) == "Stopping"
    with pytest.raises(pipelines.api.exceptions.DuplicatedStopRequestException):
        pipelines.stop(execution)
    pipelines.approve("Do", token)
    assert pipelines.ended(execution) == "Stopped"
    assert pipelines.statuses(execution) == [("Push", "Succeeded"), ("Approve", "Succeeded")]
    assert pipelines.executions(pipelines.stack.name)[0]["stopTrigger"] == {"reason": "not today"}
    with pytest.raises(pipelines.api.exceptions.PipelineExecutionNotStoppableException):
        pipelines.stop(execution)
    pipelines.retry(execution, "Do")
    assert pipelines.ended(execution) == "Succeeded"


def test_stop_abandons_what_is_under_way_and_the_provider_goes_on(pipelines: Pipelines, machine_of: Any) -> None:
    pipelines.create(stage("Do", machine(machine_of(WAIT))))
    execution = pipelines.start()
    started = wait_for(
        lambda: pipelines.stage("Do")["actionStates"][0].get("latestExecution", {}).get("externalExecutionId"), bool
    )
    pipelines.stop(execution)
    pipelines.stop(execution, abandon=True)
    assert pipelines.ended(execution) == "Stopped"
    assert pipelines.statuses(execution) == [("Push", "Succeeded"), ("Release", "Abandoned")]
    machines = pipelines.aws.client("stepfunctions")
    wait_for(lambda: machines.describe_execution(executionArn=started)["status"], lambda seen: seen == "SUCCEEDED")


def test_an_execution_that_waits_can_be_stopped(pipelines: Pipelines) -> None:
    pipelines.create(stage("Ask", approval()))
    first, second = pipelines.start(), pipelines.start()
    token = pipelines.waits(first, "Ask")
    wait_for(lambda: inbound(pipelines, "Ask"), lambda waiting: waiting == [second])
    pipelines.stop(second)
    assert pipelines.ended(second) == "Stopped"
    with pytest.raises(pipelines.api.exceptions.NotLatestPipelineExecutionException):
        pipelines.retry(second, "Ask")
    pipelines.approve("Ask", token)
    assert pipelines.ended(first) == "Succeeded"


ROOT = Path(__file__).parents[3]
# An execution waits for its approval, another one before the stage, while the local AWS is closed.
CLOSED = """
import pathlib, sys, threading
from local_aws.server import LocalAws
from tests.local_aws.codepipeline.sample_pipelines import Monorepo, Pipelines, approval, stage
from tests.local_aws.cloudformation.sample_stacks import Stack

folder = pathlib.Path(sys.argv[1])
with LocalAws(folder / "aws") as aws:
    pipelines = Pipelines(aws, Stack(aws.client("cloudformation")), Monorepo(folder / "monorepo"))
    pipelines.create(stage("Ask", approval()))
    execution = pipelines.start()
    pipelines.start()
    pipelines.waits(execution, "Ask")
OURS = ("execution-", "action-", "code-pipeline")
left = [thread.name for thread in threading.enumerate() if thread.name.startswith(OURS)]
print(left)
"""


def test_what_waits_ends_with_the_local_aws(tmp_path: Path) -> None:
    command = [sys.executable, "-c", CLOSED, str(tmp_path)]
    done = subprocess.run(  # noqa: S603 - this test's own program
        command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.stdout.splitlines()[-1:] == ["[]"], done.stdout + done.stderr
