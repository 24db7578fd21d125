"""Tasks are processes: what DescribeTasks says of them is what they do.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html
"""

import time
import urllib.request

import pytest

from local_aws.ecs.tasks import containers
from local_aws.server import LocalAws
from tests.local_aws import contracts
from tests.local_aws.ecr.sample_images import Registry
from tests.local_aws.ecs.sample_services import Ecs, wait_for

SLEEPER = "#!/usr/bin/env python3\nimport time\nprint('up', flush=True)\ntime.sleep(600)\n"
DEAF = "#!/usr/bin/env python3\nimport signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\ntime.sleep(600)\n"
WRITER = """#!/usr/bin/env python3
import pathlib, sys
mark = pathlib.Path("mark")
sys.exit(9 if mark.exists() else mark.write_text("here") and 0)
"""
QUICK_CHECK = {"command": ["CMD", "bin/alive"], "interval": 10, "retries": 2}


def test_a_running_task_answers_at_its_own_address(registry: Registry, ecs: Ecs) -> None:
    definition = ecs.define(registry.server("one"), healthCheck=QUICK_CHECK)
    first, second = ecs.run(definition), ecs.run(definition)
    addresses = {_address(ecs, task) for task in (first, second)}
    assert len(addresses) == 2
    assert {_get(address, "/") for address in addresses} == {"one"}
    for task in (first, second):
        ecs.client.stop_task(cluster=ecs.cluster, task=task)


def test_a_task_names_its_digest_address_and_health(registry: Registry, ecs: Ecs) -> None:
    image = registry.server("one")
    arn = ecs.run(ecs.define(image, healthCheck=QUICK_CHECK))
    task = wait_for(lambda: ecs.task(arn), lambda task: task["healthStatus"] == "HEALTHY")
    container, details = task["containers"][0], {d["name"]: d["value"] for d in task["attachments"][0]["details"]}
    assert (container["image"], container["imageDigest"]) == (image, image.partition("@")[2])
    assert container["networkInterfaces"][0]["privateIpv4Address"] == details["privateIPv4Address"]
    assert (task["lastStatus"], container["lastStatus"], container["healthStatus"]) == ("RUNNING", "RUNNING", "HEALTHY")
    ecs.client.stop_task(cluster=ecs.cluster, task=arn)


def test_no_image_no_task(registry: Registry, ecs: Ecs) -> None:
    repository = registry.server("one").partition("@")[0]
    task = ecs.wait(ecs.run(ecs.define(f"{repository}@sha256:{'0' * 64}")), "STOPPED")
    assert task["stopCode"] == "TaskFailedToStart"
    assert task["stoppedReason"].startswith("CannotPullContainerError")


def test_a_command_that_the_image_lacks_does_not_start(registry: Registry, ecs: Ecs) -> None:
    task = ecs.wait(ecs.run(ecs.define(registry.server("one"), command=["bin/nothing"])), "STOPPED")
    assert task["stoppedReason"].startswith("CannotStartContainerError")


def test_f10_the_exit_code_of_a_one_off_task_is_the_programs_own(registry: Registry, ecs: Ecs) -> None:
    image = registry.program("#!/usr/bin/env python3\nimport sys\nsys.exit(7)\n")
    task = ecs.wait(ecs.run(ecs.define(image)), "STOPPED")
    assert (task["containers"][0]["exitCode"], task["stopCode"]) == (7, "EssentialContainerExited")


def test_a_command_can_be_overridden_for_one_task(registry: Registry, ecs: Ecs) -> None:
    override = {"containerOverrides": [{"name": "main", "command": ["sh", "-c", "exit 4"]}]}
    task = ecs.wait(ecs.run(ecs.define(registry.program(SLEEPER)), overrides=override), "STOPPED")
    assert task["containers"][0]["exitCode"] == 4


def test_stopping_a_task_ends_its_process_and_keeps_the_reason(registry: Registry, ecs: Ecs) -> None:
    arn = ecs.run(ecs.define(registry.server("one")))
    address = _address(ecs, arn)
    ecs.client.stop_task(cluster=ecs.cluster, task=arn, reason="enough")
    task = ecs.wait(arn, "STOPPED")
    assert (task["stoppedReason"], task["stopCode"], task["containers"][0]["exitCode"]) == (
        "enough",
        "UserInitiated",
        0,
    )
    with pytest.raises(OSError, match="refused"):
        _get(address, "/")


def test_f22_a_process_that_ignores_sigterm_is_killed_after_its_stop_timeout(registry: Registry, ecs: Ecs) -> None:
    arn = ecs.run(ecs.define(registry.program(DEAF), stopTimeout=30))
    ecs.wait(arn, "RUNNING")
    time.sleep(0.5)
    asked = time.monotonic()
    ecs.client.stop_task(cluster=ecs.cluster, task=arn)
    task = ecs.wait(arn, "STOPPED")
    assert task["containers"][0]["exitCode"] == 137
    assert time.monotonic() - asked > 1.9


def test_tasks_do_not_share_files(registry: Registry, ecs: Ecs) -> None:
    definition = ecs.define(registry.program(WRITER))
    for _ in range(2):
        assert ecs.wait(ecs.run(definition), "STOPPED")["containers"][0]["exitCode"] == 0


def test_a_container_that_fails_its_check_is_stopped(
    registry: Registry, ecs: Ecs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(containers, "START_ALLOWANCE", 0.0)
    check = {"command": ["CMD-SHELL", "exit 1"], "interval": 5, "retries": 2}
    task = ecs.wait(ecs.run(ecs.define(registry.program(SLEEPER), healthCheck=check)), "STOPPED")
    assert task["stoppedReason"] == "Task failed container health checks"
    assert task["healthStatus"] == "UNHEALTHY"


def test_what_a_task_prints_is_in_its_log_stream(aws: LocalAws, registry: Registry, ecs: Ecs) -> None:
    logs = aws.client("logs")
    logs.create_log_group(logGroupName="tests")
    options = {"awslogs-group": "tests", "awslogs-region": "us-west-2", "awslogs-stream-prefix": "prefix"}
    image = registry.program("#!/usr/bin/env python3\nprint('first line')\nprint('second line')\n")
    arn = ecs.run(ecs.define(image, logConfiguration={"logDriver": "awslogs", "options": options}))
    ecs.wait(arn, "STOPPED")
    stream = f"prefix/main/{arn.rsplit('/', 1)[-1]}"
    events = logs.get_log_events(logGroupName="tests", logStreamName=stream)["events"]
    assert [event["message"] for event in events] == ["first line", "second line"]


def test_environment_and_secrets_reach_the_process(aws: LocalAws, registry: Registry, ecs: Ecs) -> None:
    secret = aws.client("secretsmanager").create_secret(Name="login", SecretString='{"password": "not told"}')["ARN"]
    definition = ecs.define(
        registry.server("one"),
        environment=[{"name": "COLOUR", "value": "green"}],
        secrets=[{"name": "PASSWORD", "valueFrom": f"{secret}:password::"}],
    )
    arn = ecs.run(definition)
    address = _address(ecs, arn)
    wanted = {"COLOUR": "green", "PASSWORD": "not told", "VERSION": "one", "AWS_ENDPOINT_URL": aws.endpoint}
    assert {name: _get(address, f"/env/{name}") for name in wanted} == wanted
    ecs.client.stop_task(cluster=ecs.cluster, task=arn)


def test_a_secret_that_is_missing_keeps_the_task_from_starting(registry: Registry, ecs: Ecs) -> None:
    absent = "arn:aws:secretsmanager:us-west-2:000000000000:secret:absent-abcdef"
    definition = ecs.define(registry.server("one"), secrets=[{"name": "PASSWORD", "valueFrom": absent}])
    task = ecs.wait(ecs.run(definition), "STOPPED")
    assert task["stoppedReason"].startswith("ResourceInitializationError")


def test_an_unknown_cluster_or_definition_is_refused(registry: Registry, ecs: Ecs) -> None:
    with pytest.raises(ecs.client.exceptions.ClusterNotFoundException):
        ecs.client.run_task(cluster="nowhere", taskDefinition="nothing")
    with pytest.raises(ecs.client.exceptions.ClientException, match="nothing"):
        ecs.run("nothing")


def test_task_answers_hold_against_the_service_model(registry: Registry, ecs: Ecs) -> None:
    definition = ecs.define(registry.server("one"), healthCheck=QUICK_CHECK)
    at = {"cluster": ecs.cluster}
    arn = contracts.call(ecs.client, "RunTask", **at, taskDefinition=definition)["tasks"][0]["taskArn"]
    ecs.wait(arn, "RUNNING")
    assert contracts.call(ecs.client, "DescribeTasks", **at, tasks=[arn])["tasks"][0]["taskArn"] == arn
    assert contracts.call(ecs.client, "StopTask", **at, task=arn)["task"]["desiredStatus"] == "STOPPED"
    ecs.wait(arn, "STOPPED")
    assert contracts.call(ecs.client, "DescribeTasks", **at, tasks=[arn])["tasks"][0]["stopCode"] == "UserInitiated"


def _address(ecs: Ecs, arn: str) -> str:
    """Where the task listens, once it does."""
    ecs.wait(arn, "RUNNING")
    address = str(ecs.task(arn)["containers"][0]["networkInterfaces"][0]["privateIpv4Address"])
    wait_for(lambda: _listens(address), bool)
    return address


def _listens(address: str) -> bool:
    try:
        _get(address, "/")
    except OSError:
        return False
    return True


def _get(address: str, path: str) -> str:
    with urllib.request.urlopen(f"http://{address}:3000{path}", timeout=30) as answer:
        return str(answer.read().decode())
