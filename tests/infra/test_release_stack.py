"""The Release stack: who may do what, and what others rely on."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aws_cdk import App, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk.assertions import Match, Template

from exchange_constructs.release.release_function import ENVIRONMENT_BYTES
from release_engine.gate_limits import Canary, Check, Gate, Probe
from release_engine.model import Component, MetricsHome, parse_components
from stacks.release import ReleaseStack
from tests.infra.exchange import CONTEXT, ENVIRONMENTS, environment_bytes, exchange, text_of

NAMES = ("backend", "client", "engine")


def service(name: str) -> SimpleNamespace:
    """Return a service with what the Release stack reads of its settings."""
    return SimpleNamespace(
        key="web",
        name=f"exchange-{name}-web",
        port=3000,
        readiness_path="/health/ready",
        sample_path="/",
        strategy="CANARY" if name == "client" else "ROLLING",
    )


def component(name: str, gate: Gate) -> SimpleNamespace:
    """Return a component with one service; that of the client has a canary."""
    services = {"web": service(name)}
    canaries = [service for service in services.values() if service.strategy == "CANARY"]
    compared = Canary(
        samples=1000, at_once=10, tasks=2, max_error_rise=0.01, max_latency_rise=0.1, max_latency_rise_ms=5
    )
    gate = replace(gate, canary=compared) if canaries else gate
    return SimpleNamespace(name=name, gate=gate, services=services, canaries=canaries)


def settings(names: Sequence[str] = NAMES, more_checks: int = 0) -> Any:
    """Return what the Release stack reads of the settings."""
    reported: Any = {"kind": "metric", "metric": "ConsumerLag", "statistic": "Maximum"}
    lag = Check(**reported, name="consumer lag", max=3, unit="s", interval_seconds=60)
    gate = Gate(
        interval_seconds=30,
        bake_minutes=3,
        probes=(Probe(service="web", samples_per_round=20, min_samples=60, max_error_rate=0.01, max_ms=1000),),
        checks=(lag, *(replace(lag, name=f"consumer lag of topic {number}") for number in range(more_checks))),
    )
    components = {name: component(name, gate) for name in names}
    logs = SimpleNamespace(retention_days=365)
    window = SimpleNamespace(components=("engine",), days=("tue",), opens="02:00", closes="05:00")
    return SimpleNamespace(
        project="exchange",
        environment="test",
        components=components,
        window=window,
        watch=SimpleNamespace(hours=48, cool_down_minutes=30),
        logs=logs,
        stack_name=lambda stack: f"exchange-test-{stack}",
    )


def release_stack(folder: Path, values: Any) -> ReleaseStack:
    """Make a Release stack beside the smallest stacks that it needs."""
    app = App(context=CONTEXT, outdir=str(folder))
    base = Stack(app, "Base")
    vpc, key = ec2.Vpc(base, "Vpc"), kms.Key(base, "Key")
    text = dynamodb.AttributeType.STRING
    ledger = dynamodb.Table(base, "Ledger", partition_key=dynamodb.Attribute(name="pk", type=text), encryption_key=key)
    repositories = {name: ecr.Repository(base, name) for name in values.components}
    return ReleaseStack(
        app,
        "Release",
        settings=values,
        network=cast(Any, SimpleNamespace(vpc=vpc)),
        data=cast(
            Any, SimpleNamespace(ledger=ledger, key=key, secrets={"Login": secretsmanager.Secret(base, "Login")})
        ),
        platform=cast(Any, SimpleNamespace(cluster=ecs.Cluster(base, "Cluster", vpc=vpc))),
        registry=cast(Any, SimpleNamespace(repositories=repositories)),
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder that the stack is synthesized to."""
    return tmp_path_factory.mktemp("release-stack")


@pytest.fixture(scope="module")
def template(folder: Path) -> Template:
    """Return the template for the three components."""
    return Template.from_stack(release_stack(folder, settings()))


def gate_of(template: Template) -> dict[str, Any]:
    """Return the properties of the gate's function."""
    return next(
        dict(function["Properties"])
        for function in template.find_resources("AWS::Lambda::Function").values()
        if function["Properties"]["Handler"] == "release_handlers.health_gate.handler"
    )


def known_components(folder: Path, template: Template) -> dict[str, Component]:
    """Return the components as the gate's function reads them from its asset and its environment."""
    asset = folder / f"asset.{gate_of(template)['Code']['S3Key'].removesuffix('.zip')}"
    facts = json.loads((asset / "components.json").read_text(encoding="utf-8"))
    return parse_components(facts, json.loads(text_of(gate_of(template)["Environment"]["Variables"]["REFERENCES"])))


def statements(template: Template) -> list[tuple[str, dict[str, Any]]]:
    """Return every statement with the logical id of its policy."""
    policies = template.find_resources("AWS::IAM::Policy")
    return [
        (name, statement)
        for name, policy in policies.items()
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
    ]


def actions_of(template: Template, function: str) -> set[str]:
    """Return what the role of a function may do."""
    actions: set[str] = set()
    for name, statement in statements(template):
        if function in name:
            action = statement["Action"]
            actions |= {action} if isinstance(action, str) else set(action)
    return actions


@pytest.mark.parametrize("name", ["BackendMachineArn", "ClientMachineArn", "EngineMachineArn", "LedgerTableName"])
def test_people_and_tools_find_the_machines_by_output(template: Template, name: str) -> None:
    template.has_output(name, {"Value": Match.any_value()})


def test_each_component_has_a_machine_of_its_own_with_a_known_name(template: Template) -> None:
    machines = template.find_resources("AWS::StepFunctions::StateMachine").values()
    names = sorted(machine["Properties"]["StateMachineName"] for machine in machines)
    assert names == sorted(f"exchange-test-{name}-{what}" for name in NAMES for what in ("release", "request"))
    assert all(machine["Properties"]["TracingConfiguration"]["Enabled"] for machine in machines)
    assert all(machine["Properties"]["LoggingConfiguration"]["Level"] == "ALL" for machine in machines)


def test_the_functions_know_the_components(folder: Path, template: Template) -> None:
    parsed = known_components(folder, template)
    assert sorted(parsed) == list(NAMES)
    assert parsed["client"].stack == "exchange-test-client"
    assert parsed["client"].alarm_prefix == "exchange-test-client-"
    assert parsed["client"].probed[0].readiness_path == "/health/ready"
    assert parsed["client"].gate.rounds == 6
    assert parsed["client"].metrics == MetricsHome("Exchange", "test")
    assert parsed["client"].gate.checks == (
        Check("metric", "consumer lag", "ConsumerLag", "Maximum", max=3, unit="s", interval_seconds=60),
    )
    assert parsed["client"].machine_arn.endswith(":stateMachine:exchange-test-client-release")
    assert parsed["client"].gate.probe("web").statuses == (200, 399)
    assert (parsed["client"].window, str(parsed["engine"].window)) == (None, "tue 02:00-05:00 UTC")


def test_f46_many_components_with_many_checks_do_not_fill_an_environment(tmp_path: Path) -> None:
    names = [f"component{number}" for number in range(6)]
    many = Template.from_stack(release_stack(tmp_path, settings(names, more_checks=39)))
    functions = [function["Properties"] for function in many.find_resources("AWS::Lambda::Function").values()]
    assert max(environment_bytes(function) for function in functions) < ENVIRONMENT_BYTES * 3 // 4
    assert [len(component.gate.checks) for component in known_components(tmp_path, many).values()] == [40] * 6


def test_f46_an_environment_that_aws_would_refuse_is_refused_at_synth(tmp_path: Path) -> None:
    names = [f"component{number}" for number in range(30)]
    said = r"bytes, of which REFERENCES takes \d+; allowed are 4096 for a function"
    with pytest.raises(ValueError, match=said):
        release_stack(tmp_path, settings(names))


def test_the_asset_has_a_hash_of_its_contents_alone(tmp_path: Path, template: Template) -> None:
    again = Template.from_stack(release_stack(tmp_path / "again", settings()))
    other = Template.from_stack(release_stack(tmp_path / "other", settings(more_checks=1)))
    keys = [gate_of(synthesized)["Code"]["S3Key"] for synthesized in (template, again, other)]
    assert keys[0] == keys[1] != keys[2]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_f46_the_environment_of_each_function_is_within_the_4_kb_of_lambda(environment: str) -> None:
    known = exchange(environment)
    functions = [function for stack in known.templates for function in known.properties(stack, "Lambda::Function")]
    assert len(functions) >= 6
    assert max(environment_bytes(function) for function in functions) < ENVIRONMENT_BYTES // 2


def test_only_the_gate_is_in_the_network_where_the_tasks_are(template: Template) -> None:
    functions = template.find_resources("AWS::Lambda::Function").values()
    inside = [function["Properties"]["Handler"] for function in functions if "VpcConfig" in function["Properties"]]
    assert inside == ["release_handlers.health_gate.handler"]


def test_no_function_may_read_a_secret(template: Template) -> None:
    """Preflight asks whether they are there."""
    actions = {action for name in ("Preflight", "Verify", "HealthGate") for action in actions_of(template, name)}
    assert {action for action in actions if action.startswith("secretsmanager")} == {"secretsmanager:DescribeSecret"}


@pytest.mark.parametrize(
    ("function", "may_not"),
    [
        ("HealthGate", "cloudformation:ExecuteChangeSet"),
        ("Verify", "dynamodb:PutItem"),
        ("Verify", "ecs:DescribeServiceDeployments"),
        ("Preflight", "cloudformation:CreateChangeSet"),
        ("Preflight", "ecs:DescribeServiceDeployments"),
        ("Record", "cloudformation:CreateChangeSet"),
        ("AutoRollback", "cloudformation:ExecuteChangeSet"),
    ],
)
def test_each_function_may_do_its_own_part_only(template: Template, function: str, may_not: str) -> None:
    actions = actions_of(template, function)
    assert actions
    assert may_not not in actions


def test_what_codepipeline_asks_may_answer_it_and_nothing_else_may(template: Template) -> None:
    results = {"codepipeline:PutJobSuccessResult", "codepipeline:PutJobFailureResult"}
    may = {name for name, statement in statements(template) if any(result in statement["Action"] for result in results)}
    assert sorted(name.partition("Role")[0] for name in may) == ["FunctionsPreflight", "FunctionsRecord", "HealthGate"]
    assert all(results <= actions_of(template, name) for name in may)


def test_f1_the_record_reads_the_logs_of_the_components_and_no_others(template: Template) -> None:
    may = [
        statement
        for name, statement in statements(template)
        if "Record" in name and "logs:GetLogEvents" in statement["Action"]
    ]
    groups = [str(resource["Fn::Join"][1][-1]).rpartition(":log-group:")[2] for resource in may[0]["Resource"]]
    assert groups == [f"exchange-test-{name}-*:log-stream:*" for name in NAMES]
    assert "logs:GetLogEvents" not in actions_of(template, "HealthGate")


def test_only_what_starts_a_baseline_may_pass_roles_and_only_the_components_to_its_tasks(template: Template) -> None:
    ((policy, statement),) = [
        (policy, statement) for policy, statement in statements(template) if "iam:PassRole" in json.dumps(statement)
    ]
    assert "Baseline" in policy
    assert statement["Action"] == "iam:PassRole"
    assert statement["Condition"] == {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}
    assert "role/exchange-test-client-*" in json.dumps(statement["Resource"])


def test_a_baseline_is_started_and_deleted_beside_the_canary_only(template: Template) -> None:
    (starting,) = [statement for _, statement in statements(template) if "ecs:CreateService" in statement["Action"]]
    assert starting["Action"] == ["ecs:CreateService", "ecs:DeleteService"]
    assert "/exchange-client-web-baseline-*" in json.dumps(starting["Resource"])
    assert json.dumps(starting["Resource"]).count(":service/") == 1


def test_f27_the_watch_is_woken_by_failed_deployments_and_red_alarms(template: Template) -> None:
    template.has_resource_properties(
        "AWS::Events::Rule",
        {"EventPattern": {"source": ["aws.ecs"], "detail": {"eventName": ["SERVICE_DEPLOYMENT_FAILED"]}}},
    )
    template.has_resource_properties(
        "AWS::Events::Rule",
        {
            "EventPattern": {
                "source": ["aws.cloudwatch"],
                "detail": {
                    "state": {"value": ["ALARM"]},
                    "alarmName": [{"prefix": f"exchange-test-{name}-"} for name in NAMES],
                },
            }
        },
    )


def test_a_rollback_that_could_not_be_started_reaches_people(template: Template) -> None:
    template.has_resource_properties(
        "AWS::Lambda::Function",
        {"Handler": "release_handlers.auto_rollback.handler", "DeadLetterConfig": {"TargetArn": Match.any_value()}},
    )
