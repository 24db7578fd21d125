"""The Release stack: who may do what, and what others rely on."""

import json
import re
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

from exchange_constructs.observability.log_settings import retention_of
from release_engine.check import Check as EngineCheck
from release_engine.model import MetricsHome, parse_components
from settings.check import Check
from settings.gate import Canary, Gate, Probe
from stacks.release import ReleaseStack

CONTEXT = json.loads((Path(__file__).parents[2] / "cdk.json").read_text())["context"]
NAMES = ("backend", "client", "engine")


def service(name: str) -> SimpleNamespace:
    """As the settings give it."""
    return SimpleNamespace(
        key="web",
        name=f"exchange-{name}-web",
        port=3000,
        readiness_path="/health/ready",
        sample_path="/",
        strategy="CANARY" if name == "client" else "ROLLING",
    )


def component(name: str, gate: Gate) -> SimpleNamespace:
    """The client has a canary."""
    services = {"web": service(name)}
    canaries = [one for one in services.values() if one.strategy == "CANARY"]
    compared = Canary(
        samples=1000, at_once=10, tasks=2, max_error_rise=0.01, max_latency_rise=0.1, max_latency_rise_ms=5
    )
    gate = gate.model_copy(update={"canary": compared}) if canaries else gate
    return SimpleNamespace(name=name, gate=gate, services=services, canaries=canaries)


def settings() -> Any:
    """The part of the settings that the stack reads."""
    reported: Any = {"kind": "metric", "metric": "ConsumerLag", "statistic": "Maximum"}
    lag = Check(**reported, name="consumer lag", max=3, unit="s", interval_seconds=60)
    gate = Gate(
        interval_seconds=30,
        bake_minutes=3,
        probes=(Probe(service="web", samples_per_round=20, min_samples=60, max_error_rate=0.01, max_ms=1000),),
        checks=(lag,),
    )
    components = {name: component(name, gate) for name in NAMES}
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


@pytest.fixture(scope="module")
def template() -> Template:
    """On top of the smallest neighbours."""
    app = App(context=CONTEXT)
    base = Stack(app, "Base")
    vpc, key = ec2.Vpc(base, "Vpc"), kms.Key(base, "Key")
    text = dynamodb.AttributeType.STRING
    ledger = dynamodb.Table(base, "Ledger", partition_key=dynamodb.Attribute(name="pk", type=text), encryption_key=key)
    stack = ReleaseStack(
        app,
        "Release",
        settings=settings(),
        network=cast(Any, SimpleNamespace(vpc=vpc)),
        data=cast(
            Any, SimpleNamespace(ledger=ledger, key=key, secrets={"Login": secretsmanager.Secret(base, "Login")})
        ),
        platform=cast(Any, SimpleNamespace(cluster=ecs.Cluster(base, "Cluster", vpc=vpc))),
        registry=cast(Any, SimpleNamespace(repositories={name: ecr.Repository(base, name) for name in NAMES})),
    )
    return Template.from_stack(stack)


def statements(template: Template) -> list[tuple[str, dict[str, Any]]]:
    """Every statement of every role, with the policy that holds it."""
    policies = template.find_resources("AWS::IAM::Policy")
    return [
        (name, statement)
        for name, policy in policies.items()
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
    ]


def actions_of(template: Template, function: str) -> set[str]:
    """What the role of a function may do."""
    found: set[str] = set()
    for name, statement in statements(template):
        if function in name:
            action = statement["Action"]
            found |= {action} if isinstance(action, str) else set(action)
    return found


@pytest.mark.parametrize("name", ["BackendMachineArn", "ClientMachineArn", "EngineMachineArn", "LedgerTableName"])
def test_people_and_tools_find_the_machines_by_output(template: Template, name: str) -> None:
    template.has_output(name, {"Value": Match.any_value()})


def test_each_component_has_a_machine_of_its_own_with_a_known_name(template: Template) -> None:
    machines = template.find_resources("AWS::StepFunctions::StateMachine").values()
    names = sorted(machine["Properties"]["StateMachineName"] for machine in machines)
    assert names == sorted(f"exchange-test-{name}-{what}" for name in NAMES for what in ("release", "request"))
    assert all(machine["Properties"]["TracingConfiguration"]["Enabled"] for machine in machines)
    assert all(machine["Properties"]["LoggingConfiguration"]["Level"] == "ALL" for machine in machines)


def test_the_functions_know_the_components_within_the_4_kb_of_an_environment(template: Template) -> None:
    gate = next(
        one["Properties"]
        for one in template.find_resources("AWS::Lambda::Function").values()
        if one["Properties"]["Handler"] == "release_handlers.health_gate.handler"
    )
    joined = gate["Environment"]["Variables"]["COMPONENTS"]["Fn::Join"][1]
    text = "".join(part if isinstance(part, str) else "x" * 40 for part in joined)
    assert len(text) < 3500
    parsed = parse_components(json.loads(text))
    assert sorted(parsed) == list(NAMES)
    assert parsed["client"].stack == "exchange-test-client"
    assert parsed["client"].alarm_prefix == "exchange-test-client-"
    assert parsed["client"].probed[0].readiness_path == "/health/ready"
    assert parsed["client"].gate.rounds == 6
    assert parsed["client"].metrics == MetricsHome("Exchange", "test")
    assert parsed["client"].gate.checks == (
        EngineCheck("metric", "consumer lag", 3, "ConsumerLag", "Maximum", unit="s", every=2),
    )
    assert parsed["client"].gate.probe("web").statuses == (200, 399)
    assert (parsed["client"].window, str(parsed["engine"].window)) == (None, "tue 02:00-05:00 UTC")


def test_only_the_gate_is_in_the_network_where_the_tasks_are(template: Template) -> None:
    functions = template.find_resources("AWS::Lambda::Function").values()
    inside = [one["Properties"]["Handler"] for one in functions if "VpcConfig" in one["Properties"]]
    assert inside == ["release_handlers.health_gate.handler"]


def test_no_role_may_do_everything(template: Template) -> None:
    for name, statement in statements(template):
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        assert not [action for action in actions if re.fullmatch(r"\*|\w+:\*", action)], name


def test_only_what_aws_cannot_narrow_is_granted_on_all_resources(template: Template) -> None:
    wide = set()
    for _, statement in statements(template):
        if statement["Resource"] == "*":
            wide |= {statement["Action"]} if isinstance(statement["Action"], str) else set(statement["Action"])
    services = {action.split(":")[0] for action in wide}
    assert services == {"cloudwatch", "codepipeline", "ec2", "ecs", "elasticloadbalancing", "logs", "xray"}
    assert {action for action in wide if action.startswith(("ecs", "cloudwatch", "code", "elastic"))} == {
        "ecs:ListTasks",
        "ecs:DescribeTaskDefinition",
        "cloudwatch:DescribeAlarms",
        "cloudwatch:GetMetricData",
        "codepipeline:PutJobFailureResult",
        "codepipeline:PutJobSuccessResult",
        "elasticloadbalancing:DescribeRules",
        "elasticloadbalancing:DescribeTargetHealth",
    }


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
    may = {name for name, one in statements(template) if any(result in one["Action"] for result in results)}
    assert sorted(name.partition("Role")[0] for name in may) == ["FunctionsPreflight", "FunctionsRecord", "HealthGate"]
    assert all(results <= actions_of(template, name) for name in may)


def test_f1_the_record_reads_the_logs_of_the_components_and_no_others(template: Template) -> None:
    may = [one for name, one in statements(template) if "Record" in name and "logs:GetLogEvents" in one["Action"]]
    groups = [str(resource["Fn::Join"][1][-1]).rpartition(":log-group:")[2] for resource in may[0]["Resource"]]
    assert groups == [f"exchange-test-{name}-*:log-stream:*" for name in NAMES]
    assert "logs:GetLogEvents" not in actions_of(template, "HealthGate")


def test_only_what_starts_a_baseline_may_pass_roles_and_only_the_components_to_its_tasks(template: Template) -> None:
    policies = template.find_resources("AWS::IAM::Policy")
    passing = {name for name, one in policies.items() if "iam:PassRole" in json.dumps(one)}
    assert len(passing) == 1
    (name,) = passing
    assert "Baseline" in name
    statements = policies[name]["Properties"]["PolicyDocument"]["Statement"]
    (statement,) = [one for one in statements if one["Action"] == "iam:PassRole"]
    assert statement["Condition"] == {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}
    assert "role/exchange-test-client-*" in json.dumps(statement["Resource"])


def test_a_baseline_is_started_and_deleted_beside_the_canary_only(template: Template) -> None:
    statements = [
        statement
        for policy in template.find_resources("AWS::IAM::Policy").values()
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if "ecs:CreateService" in statement["Action"]
    ]
    assert [statement["Action"] for statement in statements] == [["ecs:CreateService", "ecs:DeleteService"]]
    assert "/exchange-client-web-baseline-*" in json.dumps(statements[0]["Resource"])
    assert json.dumps(statements[0]["Resource"]).count(":service/") == 1


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


def test_f17_nothing_is_exported(template: Template) -> None:
    assert not [one for one in template.find_outputs("*").values() if "Export" in one]


def test_a_retention_is_what_cloudwatch_knows() -> None:
    assert retention_of(30).name == "ONE_MONTH"
    with pytest.raises(KeyError):
        retention_of(31)
