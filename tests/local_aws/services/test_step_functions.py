"""State machines by the rehearsal's clock, and the functions that they call."""

import io
import json
import time
import uuid
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from local_aws.server import LocalAws
from tests.local_aws.contracts import call
from tests.local_aws.ecs.sample_services import wait_for

SOURCE = """
import os, pathlib, time, uuid

class NotYet(Exception):
    pass

def handler(event, context):
    if folder := event.get("meet"):  # those who are called at the same time wait for each other
        pathlib.Path(folder, uuid.uuid4().hex).touch()
        while len(os.listdir(folder)) < event["callers"]:
            time.sleep(0.02)
    if event.get("fail"):
        raise NotYet("come back later")
    return {"event": event, "left": context.get_remaining_time_in_millis(), "where": os.environ["AWS_ENDPOINT_URL"]}
"""
Machine = Callable[[dict[str, Any]], str]


@pytest.fixture(scope="module")
def function(aws: LocalAws) -> str:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as files:
        files.writestr("index.py", SOURCE)
    created = aws.client("lambda").create_function(
        FunctionName=f"function-{uuid.uuid4().hex[:8]}",
        Runtime="python3.12",
        Handler="index.handler",
        Role="arn:aws:iam::000000000000:role/function",
        Code={"ZipFile": archive.getvalue()},
        Timeout=60,
        VpcConfig={"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
    )
    return str(created["FunctionArn"])


def run(aws: LocalAws, machine: str, **request: Any) -> dict[str, Any]:
    api = aws.client("stepfunctions")
    arn = api.start_execution(stateMachineArn=machine, input=json.dumps(request))["executionArn"]
    return wait_for(lambda: dict(api.describe_execution(executionArn=arn)), lambda seen: seen["status"] != "RUNNING")


def test_wait_state_runs_by_the_clock(aws: LocalAws, machine_of: Machine) -> None:
    started = time.monotonic()
    waiting = machine_of({"Wait": {"Type": "Wait", "Seconds": 60, "Next": "Done"}, "Done": {"Type": "Succeed"}})
    assert run(aws, waiting)["status"] == "SUCCEEDED"
    assert time.monotonic() - started >= 1.0


def test_task_is_told_its_execution(aws: LocalAws, machine_of: Machine, function: str) -> None:
    """https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html"""
    parameters = {"execution.$": "$$.Execution.Id", "since.$": "$$.Execution.StartTime", "state.$": "$"}
    done = run(aws, machine_of({"Call": task(function, Parameters=parameters, ResultPath="$.called", End=True)}), a=1)
    output = json.loads(done["output"])
    assert output["a"] == 1
    assert output["called"]["event"]["execution"] == done["executionArn"]
    assert output["called"]["event"]["state"] == {"a": 1}
    assert output["called"]["where"] == aws.endpoint


def task(function: str, **more: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": function} | more


def test_exception_is_retried_and_caught_by_its_class(aws: LocalAws, machine_of: Machine, function: str) -> None:
    """https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html"""
    retry = [{"ErrorEquals": ["NotYet"], "IntervalSeconds": 30, "MaxAttempts": 2, "BackoffRate": 1}]
    catch = [{"ErrorEquals": ["NotYet"], "ResultPath": "$.failure", "Next": "Caught"}]
    states = {
        "Call": task(function, Retry=retry, Catch=catch, End=True),
        "Caught": {"Type": "Fail", "Error": "Refused", "CausePath": "$.failure.Error"},
    }
    started = time.monotonic()
    done = run(aws, machine_of(states), fail=True)
    assert (done["status"], done["error"], done["cause"]) == ("FAILED", "Refused", "NotYet")
    assert time.monotonic() - started >= 1.0
    events = aws.client("stepfunctions").get_execution_history(executionArn=done["executionArn"])["events"]
    assert [event["type"] for event in events].count("TaskFailed") == 3
    assert sorted(events, key=lambda event: event["timestamp"]) == events
    assert events[-1]["executionFailedEventDetails"] == {"error": "Refused", "cause": "NotYet"}


def test_function_reports_its_exception_as_the_runtime_does(aws: LocalAws, function: str) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html"""
    answer = aws.client("lambda").invoke(FunctionName=function, Payload=b'{"fail": true}')
    body = json.loads(answer["Payload"].read())
    assert answer["FunctionError"] == "Unhandled"
    assert (body["errorType"], body["errorMessage"]) == ("NotYet", "come back later")
    assert any("index.py" in line for line in body["stackTrace"])


def test_one_function_serves_several_callers_at_once(aws: LocalAws, function: str, tmp_path: Path) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html"""
    api = aws.client("lambda")
    api.invoke(FunctionName=function, Payload=b"{}")
    payload = json.dumps({"meet": str(tmp_path), "callers": 4})
    with ThreadPoolExecutor(4) as callers:
        answers = list(callers.map(lambda _: api.invoke(FunctionName=function, Payload=payload), range(4)))
    assert all("FunctionError" not in answer for answer in answers)


def test_f35_execution_started_twice_is_one_execution(aws: LocalAws, machine_of: Machine) -> None:
    """https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html"""
    api = aws.client("stepfunctions")
    arn = machine_of({"Wait": {"Type": "Wait", "Seconds": 120, "Next": "Done"}, "Done": {"Type": "Succeed"}})
    first, second = (call(api, "StartExecution", stateMachineArn=arn, name="release", input="{}") for _ in range(2))
    assert first["executionArn"] == second["executionArn"]
    with pytest.raises(api.exceptions.ExecutionAlreadyExists):
        api.start_execution(stateMachineArn=arn, name="release", input='{"other": 1}')
    wait_for(lambda: api.describe_execution(executionArn=first["executionArn"])["status"], lambda s: s == "SUCCEEDED")
    with pytest.raises(api.exceptions.ExecutionAlreadyExists):
        api.start_execution(stateMachineArn=arn, name="release", input="{}")
