"""The task of each service: what runs, with what it is told, and what it may do."""

import json
import re

import pytest

from tests.infra.exchange import COMPONENTS, ENVIRONMENTS, ROOT, SERVICES, Json, exchange, listed

each_service = pytest.mark.parametrize(("environment", "component", "service"), SERVICES)
ALWAYS = {"COMPONENT", "SERVICE", "ENVIRONMENT", "IMAGE_DIGEST"}


def contract(component: str) -> tuple[set[str], set[str]]:
    """Return the names of plain values and of secrets that docs/contracts.md promises a component."""
    text = (ROOT / "docs" / "contracts.md").read_text(encoding="utf-8")
    row = re.search(rf"^\| {component} \|([^|]*)\|([^|]*)\|$", text, re.MULTILINE)
    assert row is not None, component
    plain, secret = (set(re.findall(r"`(\w+)`", cell)) for cell in row.groups())
    return plain, secret


def variables_of(container: Json) -> dict[str, object]:
    return {variable["Name"]: variable["Value"] for variable in container["Environment"]}


@each_service
def test_a_task_runs_on_arm_in_the_size_of_the_settings(environment: str, component: str, service: str) -> None:
    task, size = exchange(environment).task(component, service), exchange(environment).settings.task(component, service)
    assert task["RuntimePlatform"] == {"CpuArchitecture": "ARM64", "OperatingSystemFamily": "LINUX"}
    assert task["RequiresCompatibilities"] == ["FARGATE"]
    assert (task["Cpu"], task["Memory"]) == (str(size.cpu), str(size.memory))


@each_service
def test_a_container_runs_the_command_of_its_service(environment: str, component: str, service: str) -> None:
    known = exchange(environment).settings.components[component].services[service]
    assert exchange(environment).container(component, service)["Command"] == known.command


@each_service
def test_f3_a_container_is_asked_whether_it_is_alive(environment: str, component: str, service: str) -> None:
    known = exchange(environment).settings.components[component].services[service]
    health = exchange(environment).container(component, service)["HealthCheck"]
    assert health["Command"] == ["CMD", *known.health_command]
    assert health["Interval"] * health["Retries"] <= 60, "a hung process is found within a minute"


@each_service
def test_a_container_can_write_to_its_scratch_folders_only(environment: str, component: str, service: str) -> None:
    container = exchange(environment).container(component, service)
    assert container["ReadonlyRootFilesystem"] is True
    folders = {mount["ContainerPath"] for mount in container["MountPoints"]}
    assert folders == ({"/tmp", "/app/work"} if component == "engine" else {"/tmp"})  # noqa: S108 - in the container


@each_service
def test_f22_a_task_gets_the_time_of_the_settings_to_stop(environment: str, component: str, service: str) -> None:
    known = exchange(environment).settings.components[component].services[service]
    assert exchange(environment).container(component, service)["StopTimeout"] == known.stop_timeout_seconds


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("service", ["sidekiq", "kafka-consumer"])
def test_f22_a_worker_gets_all_the_time_that_fargate_gives(environment: str, service: str) -> None:
    assert exchange(environment).container("backend", service)["StopTimeout"] == 120


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("service", ["sidekiq", "kafka-consumer"])
def test_f22_a_worker_is_told_to_give_its_work_back_before_it_is_killed(environment: str, service: str) -> None:
    """https://github.com/sidekiq/sidekiq/wiki/Deployment: kill it no sooner than 5 s after its own timeout."""
    container = exchange(environment).container("backend", service)
    assert 0 < int(str(variables_of(container)["DRAIN_SECONDS"])) <= container["StopTimeout"] - 5


@each_service
def test_a_container_is_told_the_plain_values_of_the_contract(environment: str, component: str, service: str) -> None:
    known = exchange(environment).settings.components[component].services[service]
    plain, _ = contract(component)
    values = variables_of(exchange(environment).container(component, service))
    own = ({"PORT"} if known.port else set()) | ({"DRAIN_SECONDS"} if known.kind == "worker" else set())
    assert set(values) == ALWAYS | plain | own
    assert (values["COMPONENT"], values["SERVICE"], values["ENVIRONMENT"]) == (component, service, environment)


@each_service
def test_a_secret_reaches_its_container_by_reference_only(environment: str, component: str, service: str) -> None:
    container = exchange(environment).container(component, service)
    _, promised = contract(component)
    assert {secret["Name"] for secret in container["Secrets"]} == promised
    assert all("Value" not in secret and "ValueFrom" in secret for secret in container["Secrets"])
    assert promised.isdisjoint(variables_of(container))


@each_service
def test_f7_an_image_is_named_by_the_digest_of_the_release(environment: str, component: str, service: str) -> None:
    container = exchange(environment).container(component, service)
    parts = container["Image"]["Fn::Join"][1]
    assert parts[-1] == {"Ref": "ImageDigest"}
    assert parts[-2].endswith("@")
    assert variables_of(container)["IMAGE_DIGEST"] == {"Ref": "ImageDigest"}


@each_service
def test_a_container_writes_to_a_log_of_its_own(environment: str, component: str, service: str) -> None:
    known = exchange(environment)
    logging = known.container(component, service)["LogConfiguration"]
    assert logging["LogDriver"] == "awslogs"
    group = known.resources(component, "Logs::LogGroup")[logging["Options"]["awslogs-group"]["Ref"]]["Properties"]
    assert group["RetentionInDays"] == known.settings.logs.retention_days


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("component", COMPONENTS)
def test_f4_f29_former_task_definitions_stay_for_the_rollback(environment: str, component: str) -> None:
    """CloudFormation deregisters what a new one replaces, unless it is told to keep it."""
    tasks = exchange(environment).resources(component, "ECS::TaskDefinition")
    assert {task.get("UpdateReplacePolicy") for task in tasks.values()} == {"Retain"}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_engine_has_the_working_volume_of_the_settings(environment: str) -> None:
    size = exchange(environment).settings.components["engine"].services["app"].work_volume_gb
    assert exchange(environment).task("engine", "app")["EphemeralStorage"] == {"SizeInGiB": size}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_engine_reads_and_writes_snapshots_but_deletes_none(environment: str) -> None:
    known = exchange(environment)
    role = known.resources("engine", "IAM::Role")[known.task("engine", "app")["TaskRoleArn"]["Fn::GetAtt"][0]]
    policies = known.resources("data", "IAM::ManagedPolicy").items()
    [policy] = [policy["Properties"] for id_, policy in policies if id_.startswith("Snapshots")]
    granted = {action for statement in policy["PolicyDocument"]["Statement"] for action in listed(statement["Action"])}
    assert [arn["Fn::GetStackOutput"]["StackName"] for arn in role["Properties"]["ManagedPolicyArns"]] == [
        f"exchange-{environment}-data"
    ]
    assert granted == {"s3:GetObject", "s3:PutObject", "s3:ListBucket", "kms:Decrypt", "kms:GenerateDataKey"}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("component", COMPONENTS)
def test_a_program_itself_may_do_nothing_but_what_it_was_given_by_a_policy(environment: str, component: str) -> None:
    known = exchange(environment)
    own = {task["Properties"]["TaskRoleArn"]["Fn::GetAtt"][0] for task in tasks_of(environment, component)}
    holders = {role["Ref"] for policy in known.properties(component, "IAM::Policy") for role in policy["Roles"]}
    assert own
    assert own.isdisjoint(holders)
    with_policies = [
        role for role in own if "ManagedPolicyArns" in known.resources(component, "IAM::Role")[role]["Properties"]
    ]
    assert len(with_policies) == {"backend": 0, "client": 1, "engine": 1}[component]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("component", COMPONENTS)
def test_a_task_is_started_with_the_secrets_of_its_component_alone(environment: str, component: str) -> None:
    known = exchange(environment)
    statements = (
        statement
        for policy in known.properties(component, "IAM::Policy")
        for statement in policy["PolicyDocument"]["Statement"]
    )
    reading = [statement for statement in statements if "secretsmanager:GetSecretValue" in listed(statement["Action"])]
    (service, *_) = known.settings.components[component].services
    mounted = {json.dumps(secret) for secret in known.container(component, service)["Secrets"]}
    assert len(reading) == len(tasks_of(environment, component))
    for statement in reading:
        names = [secret["Fn::GetStackOutput"]["OutputName"] for secret in listed(statement["Resource"])]
        assert all(any(name in secret for secret in mounted) for name in names)


def tasks_of(environment: str, component: str) -> list[Json]:
    return list(exchange(environment).resources(component, "ECS::TaskDefinition").values())


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("component", COMPONENTS)
def test_what_starts_a_task_can_open_its_secrets(environment: str, component: str) -> None:
    """A secret that is encrypted with a key of ours can be read only by who may decrypt with it, too.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html
    """
    known = exchange(environment)
    may_decrypt = {
        role["Ref"]
        for policy in known.properties(component, "IAM::Policy")
        for statement in policy["PolicyDocument"]["Statement"]
        if "kms:Decrypt" in listed(statement["Action"])
        for role in policy["Roles"]
    }
    starting = {task["Properties"]["ExecutionRoleArn"]["Fn::GetAtt"][0] for task in tasks_of(environment, component)}
    assert all("KmsKeyId" in secret for secret in known.properties("data", "SecretsManager::Secret"))
    assert starting - may_decrypt == set()
