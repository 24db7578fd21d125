"""The local AWS does not grow by being used: what AWS keeps for months is bounded here, and nothing stays open."""

import asyncio
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local_aws import retention
from local_aws.ecs.tasks import tasks
from local_aws.elastic_load_balancing.target_connections import TargetConnections
from local_aws.elastic_load_balancing.target_health import Target
from local_aws.ministack_parts import embedding
from local_aws.ministack_parts.answers import request_scope
from local_aws.ministack_parts.services import cloudwatch, stepfunctions
from local_aws.server import LocalAws
from tests.local_aws.ecr.sample_images import Registry
from tests.local_aws.ecs.sample_services import Ecs, wait_for

MachineFactory = Callable[[dict[str, Any]], str]
DONE = {"Done": {"Type": "Pass", "End": True}}


def test_a_log_stream_keeps_its_newest_events(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "LOG_EVENTS_OF_A_STREAM", 100)
    logs, name = aws.client("logs"), f"log-{uuid.uuid4().hex[:8]}"
    logs.create_log_group(logGroupName=name)
    logs.create_log_stream(logGroupName=name, logStreamName="stream")
    now = int(time.time() * 1000)
    for number in range(150):
        event = {"timestamp": now + number, "message": str(number)}
        logs.put_log_events(logGroupName=name, logStreamName="stream", logEvents=[event])
    kept = logs.get_log_events(logGroupName=name, logStreamName="stream", startFromHead=True)["events"]
    assert len(kept) <= 100
    assert kept[-1]["message"] == "149"


def test_datapoints_of_an_earlier_time_are_forgotten(aws: LocalAws) -> None:
    namespace = f"Mine{uuid.uuid4().hex[:8]}"
    put = aws.client("cloudwatch").put_metric_data
    put(Namespace=namespace, MetricData=[{"MetricName": "Old", "Value": 1}, {"MetricName": "Both", "Value": 1}])
    time.sleep(1.1)
    put(Namespace=namespace, MetricData=[{"MetricName": "Both", "Value": 2}])
    with request_scope(embedding.ACCOUNT, embedding.REGION):
        retention.forget_datapoints(before=time.time() - 1)
        kept = {
            key[1]: [point["Value"] for point in points]
            for key, points in cloudwatch.metrics.items()
            if key[0] == namespace
        }
    assert kept == {"Both": [2.0]}


def test_only_the_newest_executions_that_have_ended_are_kept(
    aws: LocalAws, machine_of: MachineFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "ENDED_EXECUTIONS", 3)
    machines, machine = aws.client("stepfunctions"), machine_of(DONE)
    started = [_ended(machines, machine) for _ in range(6)]
    with request_scope(embedding.ACCOUNT, embedding.REGION):
        kept = [arn for arn in started if arn in stepfunctions.executions]
    assert kept == started[-4:]  # three, and the one that was started last


def test_the_events_of_an_execution_share_equal_texts(aws: LocalAws, machine_of: MachineFactory) -> None:
    machines, text = aws.client("stepfunctions"), '{"word": "again and again"}'
    machine = machine_of({"First": {"Type": "Pass", "Next": "Done"}} | DONE)
    arn = _ended(machines, machine, text)
    _ended(machines, machine)
    with request_scope(embedding.ACCOUNT, embedding.REGION):
        events = stepfunctions.executions[arn]["events"]
    texts = [
        value
        for event in events
        for details in event.values()
        if isinstance(details, dict)
        for value in details.values()
    ]
    equal = [value for value in texts if isinstance(value, str) and "again" in value]
    assert len(equal) > 3
    assert len({id(value) for value in equal}) == len(set(equal))


@pytest.mark.skipif(sys.platform != "linux", reason="descriptors are looked at in /proc")
def test_stopped_tasks_leave_no_pipe_and_few_records(
    registry: Registry, ecs: Ecs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "KEPT_STOPPED", 2)
    definition = ecs.define(registry.server("one"))
    _run_and_stop(ecs, definition)
    before = _open_pipes()
    stopped = [_run_and_stop(ecs, definition) for _ in range(6)]
    wait_for(_open_pipes, lambda pipes: pipes <= before)
    described = ecs.client.describe_tasks(cluster=ecs.cluster, tasks=stopped)["tasks"]
    assert [task["taskArn"] for task in described] == stopped[-3:]  # two, and the one that has stopped since
    assert not [arn for arn in stopped[:-1] if tasks.find(arn)]


def test_kept_connections_to_a_target_that_is_gone_are_closed() -> None:
    assert asyncio.run(_connections_of_two_targets()) == [True, False]


async def _connections_of_two_targets() -> list[bool]:
    """Return whether the target's end of a kept connection is still open, for one that stays and one that is gone."""
    ends: dict[int, asyncio.StreamReader] = {}

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ends[writer.get_extra_info("sockname")[1]] = reader
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        await writer.drain()

    servers = [await asyncio.start_server(serve, "127.0.0.1", 0) for _ in range(2)]
    connections = TargetConnections()
    ports = [server.sockets[0].getsockname()[1] for server in servers]
    for port in ports:
        target = Target(("127.0.0.1", port))
        target.state = "healthy"
        async with connections.exchange(target, "GET", "/", {}, b"") as answer:
            answer.reusable = True
    connections.close_all_but({("127.0.0.1", ports[0])})
    await asyncio.sleep(0.2)
    for server in servers:
        server.close()
    return [not ends[port].at_eof() for port in ports]


def test_functions_are_unpacked_in_the_folder_of_the_local_aws(aws: LocalAws, hook: Callable[[str], str]) -> None:
    aws.client("lambda").invoke(FunctionName=hook("return {}"), Payload=b"{}")
    assert list((aws.folder / "functions").iterdir())


def _ended(machines: Any, machine: str, text: str = "{}") -> str:
    arn = machines.start_execution(stateMachineArn=machine, input=text)["executionArn"]
    wait_for(lambda: machines.describe_execution(executionArn=arn)["status"], lambda status: status != "RUNNING")
    return str(arn)


def _open_pipes() -> int:
    """Return how many pipes this process has open: each task that runs has one."""
    return sum(_target(descriptor).startswith("pipe:") for descriptor in Path("/proc/self/fd").iterdir())


def _target(descriptor: Path) -> str:
    try:
        return str(descriptor.readlink())
    except FileNotFoundError:  # closed since it was listed
        return ""


def _run_and_stop(ecs: Ecs, definition: str) -> str:
    arn = ecs.run(definition)
    ecs.wait(arn, "RUNNING")
    ecs.client.stop_task(cluster=ecs.cluster, task=arn)
    ecs.wait(arn, "STOPPED")
    return arn
