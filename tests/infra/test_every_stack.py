"""What holds for all stacks of an environment: names, references, permissions, logs, accounts, accepted findings.

Whether a finding of cdk-nag is open, or accepted in vain, tests/checks/test_nag.py asks.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from graphlib import TopologicalSorter

import pytest
from aws_cdk import App, Stack
from constructs import Construct

from exchange_constructs.nag import ACCEPTED_EVERYWHERE, acknowledge
from settings.loading import SettingsError
from stacks.composition import compose
from tests.infra.exchange import (
    COMPONENTS,
    CONTEXT,
    ENVIRONMENTS,
    EVERY_STACK,
    ROOT,
    STACKS_OF,
    Json,
    exchange,
    listed,
    walk,
)

everywhere = pytest.mark.parametrize("environment", ENVIRONMENTS)
each_stack = pytest.mark.parametrize(("environment", "stack"), EVERY_STACK)
ACCOUNT = re.compile(r"(?<![0-9A-Za-z])\d{12}(?![0-9A-Za-z])")
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
ELB_ACCOUNT = "797873946194"  # AWS's own, which writes the access logs in us-west-2
DELIVERY = "the delivery of logs, for which CloudWatch Logs knows no narrower resource"
TRACING = "X-Ray takes traces for all resources or for none"
INTERFACES = "network interfaces of a function in the VPC, which EC2 does not know before they are there"
# Actions for which AWS has nothing narrower than all resources, and why.
UNNARROWED = {
    "cloudwatch:DescribeAlarms": "CloudWatch lists alarms by prefix, whatever the resource",
    "cloudwatch:GetMetricData": "metrics are no resources of IAM",
    "codepipeline:PutJobFailureResult": "CodePipeline's jobs are no resources of IAM",
    "codepipeline:PutJobSuccessResult": "CodePipeline's jobs are no resources of IAM",
    "ecr:GetAuthorizationToken": "the token is for the registry of the account",
    "ecs:DescribeTaskDefinition": "ECS knows no resource for it: a definition is described or it is not",
    "elasticloadbalancing:DescribeTargetHealth": "load balancers are described for all resources or for none",
    "elasticloadbalancing:DescribeRules": "load balancers are described for all resources or for none",
    "ecs:ListTasks": "tasks of Fargate have no resource to name; a condition keeps it to the cluster",
    "ec2:CreateNetworkInterface": INTERFACES,
    "ec2:DeleteNetworkInterface": INTERFACES,
    "ec2:DescribeNetworkInterfaces": INTERFACES,
    "ec2:DescribeSubnets": INTERFACES,
    "logs:CreateLogDelivery": DELIVERY,
    "logs:DeleteLogDelivery": DELIVERY,
    "logs:DescribeLogGroups": DELIVERY,
    "logs:DescribeResourcePolicies": DELIVERY,
    "logs:GetLogDelivery": DELIVERY,
    "logs:ListLogDeliveries": DELIVERY,
    "logs:PutResourcePolicy": DELIVERY,
    "logs:UpdateLogDelivery": DELIVERY,
    "xray:GetSamplingRules": TRACING,
    "xray:GetSamplingTargets": TRACING,
    "xray:PutTelemetryRecords": TRACING,
    "xray:PutTraceSegments": TRACING,
}


def statements(environment: str, stack: str) -> Iterator[Json]:
    """Yield the statements of a stack's roles, in whichever kind of policy they are."""
    known = exchange(environment)
    for kind in ("IAM::Policy", "IAM::ManagedPolicy"):
        for policy in known.properties(stack, kind):
            yield from policy["PolicyDocument"]["Statement"]
    for role in known.properties(stack, "IAM::Role"):
        for policy in role.get("Policies", ()):
            yield from policy["PolicyDocument"]["Statement"]


def references(environment: str, stack: str) -> Iterator[Json]:
    """Yield the references of a stack to outputs of others."""
    for value in walk(exchange(environment).templates[stack]):
        if reference := value.get("Fn::GetStackOutput"):
            yield reference


def manifest(environment: str) -> dict[str, Json]:
    """Return the stacks of CDK's manifest by their short names."""
    known = exchange(environment)
    artifacts = json.loads((known.folder / "manifest.json").read_text(encoding="utf-8"))["artifacts"]
    stacks = {name: artifact for name, artifact in artifacts.items() if artifact["type"] == "aws:cloudformation:stack"}
    return {name.removeprefix(known.settings.stack_name("")): artifact for name, artifact in stacks.items()}


def before(environment: str, stack: str) -> set[str]:
    """Return the stacks that must be deployed before this one, and those that these need."""
    prefix, known = exchange(environment).settings.stack_name(""), manifest(environment)
    direct = {name.removeprefix(prefix) for name in known[stack]["dependencies"]} & set(known)
    return direct.union(*(before(environment, name) for name in direct))


@everywhere
def test_an_environment_has_its_stacks_named_after_it(environment: str) -> None:
    assert set(manifest(environment)) == set(STACKS_OF[environment])


def test_the_environment_to_which_anothers_pipeline_releases_first_has_none_of_its_own() -> None:
    assert {environment: len(stacks) for environment, stacks in STACKS_OF.items()} == {"staging": 10, "prod2": 11}
    assert exchange("staging").composition.pipeline is None


@each_stack
def test_a_stack_without_a_resource_is_no_stack(environment: str, stack: str) -> None:
    """CloudFormation refuses it: "At least one Resources member must be defined"."""
    assert exchange(environment).templates[stack].get("Resources")


@each_stack
def test_f17_nothing_is_exported_nor_imported(environment: str, stack: str) -> None:
    template = exchange(environment).templates[stack]
    assert not [name for name, output in template.get("Outputs", {}).items() if "Export" in output]
    assert not [value for value in walk(template) if "Fn::ImportValue" in value]


@each_stack
def test_a_reference_to_another_stack_is_weak_and_meets_an_output(environment: str, stack: str) -> None:
    known, prefix = exchange(environment), exchange(environment).settings.stack_name("")
    for reference in references(environment, stack):
        there = known.templates[reference["StackName"].removeprefix(prefix)]
        assert reference["OutputName"] in there["Outputs"]
        assert reference["StackName"] in manifest(environment)[stack]["dependencies"]


@everywhere
def test_f18_references_never_go_round_in_a_circle(environment: str) -> None:
    known = {
        stack: {reference["StackName"] for reference in references(environment, stack)}
        for stack in STACKS_OF[environment]
    }
    prefix = exchange(environment).settings.stack_name("")
    order = list(TopologicalSorter({f"{prefix}{stack}": needed for stack, needed in known.items()}).static_order())
    assert len(order) == len(known)


@everywhere
@pytest.mark.parametrize("component", COMPONENTS)
def test_a_component_comes_after_all_that_it_stands_on(environment: str, component: str) -> None:
    """The names of the namespace and of an adopted cluster are no references, so CDK must be told."""
    ground = {"registry", "network", "platform", "data", "release"}
    assert ground - before(environment, component) == set()


@each_stack
def test_no_role_may_do_everything_of_a_service(environment: str, stack: str) -> None:
    granted = {action for statement in statements(environment, stack) for action in listed(statement["Action"])}
    assert {action for action in granted if re.fullmatch(r"\*|[\w-]+:\*", action)} == set()
    assert not [
        statement
        for statement in statements(environment, stack)
        if "NotAction" in statement or "NotResource" in statement
    ]


@each_stack
def test_only_what_aws_cannot_narrow_is_allowed_on_all_resources(environment: str, stack: str) -> None:
    wide = [statement for statement in statements(environment, stack) if "*" in listed(statement["Resource"])]
    assert {action for statement in wide for action in listed(statement["Action"])} - UNNARROWED.keys() == set()


def test_the_list_of_what_cannot_be_narrowed_holds_nothing_that_nobody_needs() -> None:
    granted = [statement for stack in EVERY_STACK for statement in statements(*stack)]
    wide = [statement for statement in granted if "*" in listed(statement["Resource"])]
    assert UNNARROWED.keys() - {action for statement in wide for action in listed(statement["Action"])} == set()
    assert all(UNNARROWED.values())


@everywhere
def test_listing_tasks_is_kept_to_the_cluster(environment: str) -> None:
    listing = [
        statement for statement in statements(environment, "release") if "ecs:ListTasks" in listed(statement["Action"])
    ]
    assert listing
    assert all("ecs:cluster" in statement["Condition"]["ArnEquals"] for statement in listing)


@each_stack
def test_every_log_goes_away_in_time_and_is_encrypted(environment: str, stack: str) -> None:
    known = exchange(environment)
    groups = known.properties(stack, "Logs::LogGroup")
    assert {group["RetentionInDays"] for group in groups} <= {known.settings.logs.retention_days}
    assert all(group["KmsKeyId"] for group in groups)


@each_stack
def test_every_function_writes_to_a_log_of_its_stack(environment: str, stack: str) -> None:
    """The log that Lambda makes by itself is kept for ever, in the clear."""
    known = exchange(environment)
    groups = known.resources(stack, "Logs::LogGroup")
    named = [function["LoggingConfig"]["LogGroup"]["Ref"] for function in known.properties(stack, "Lambda::Function")]
    assert set(named) <= set(groups)


@each_stack
def test_an_account_comes_from_the_settings_or_not_at_all(environment: str, stack: str) -> None:
    """Nobody's credentials are asked, so a template says the same on every machine."""
    configured = ACCOUNT.findall((ROOT / "config" / f"{environment}.toml").read_text(encoding="utf-8"))
    written = ACCOUNT.findall(json.dumps(exchange(environment).templates[stack]))
    assert set(written) <= {*configured, ELB_ACCOUNT}


@each_stack
def test_a_stack_goes_to_the_region_of_the_settings_and_to_whose_account_it_is(environment: str, stack: str) -> None:
    known = exchange(environment).settings
    account = known.account or "unknown-account"
    assert manifest(environment)[stack]["environment"] == f"aws://{account}/{known.region}"


@each_stack
def test_f28_no_stack_of_production_can_be_deleted_by_mistake(environment: str, stack: str) -> None:
    protected = manifest(environment)[stack]["properties"].get("terminationProtection", False)
    assert protected is exchange(environment).settings.production


def test_a_component_without_a_stack_is_an_error_that_says_what_to_write() -> None:
    settings = exchange("staging").settings
    more = replace(settings, components={**settings.components, "wallet": settings.components["client"]})
    with pytest.raises(SettingsError, match=r"components\.wallet: has no stack; write stacks/wallet\.py"):
        compose(App(), more)


def test_a_stack_without_its_component_is_an_error_that_says_which() -> None:
    settings = exchange("staging").settings
    fewer = replace(settings, components={name: settings.components[name] for name in ("backend", "client")})
    with pytest.raises(SettingsError, match=r"components\.engine: is missing; stacks/engine\.py needs it"):
        compose(App(), fewer)


KIND = "aws:cdk:acknowledged-rules"
CODE = re.compile(r"\bF\d{1,2}\b")


@cache
def acknowledged(environment: str) -> dict[tuple[str, str], str]:
    """Return the accepted findings: construct and finding -> the reason."""
    return {
        (construct, finding.removeprefix("Annotation::")): reason
        for file in exchange(environment).folder.glob("*.metadata.json")
        for construct, entries in json.loads(file.read_text(encoding="utf-8")).items()
        for entry in entries
        if entry["type"] == KIND
        for finding, reason in entry["data"].items()
    }


def reasons(environment: str) -> set[str]:
    return {*ACCEPTED_EVERYWHERE.values(), *acknowledged(environment).values()}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_each_is_accepted_for_a_reason_that_a_reader_can_judge(environment: str) -> None:
    assert {reason for reason in reasons(environment) if len(reason.split()) < 4 or CODE.search(reason)} == set()


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_no_construct_accepts_what_is_accepted_everywhere(environment: str) -> None:
    findings = {finding for _, finding in acknowledged(environment)}
    assert len(findings) > 10
    assert findings & ACCEPTED_EVERYWHERE.keys() == set()


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_no_finding_is_accepted_for_a_whole_stack(environment: str) -> None:
    """What CDK itself accepts, of the zones that the settings name, is not ours."""
    wide = {finding for construct, finding in acknowledged(environment) if re.fullmatch(r"/?[^/]+", construct)}
    assert {finding for finding in wide if "CloudFormation-Validate" not in finding} == set()


def test_what_is_accepted_everywhere_is_a_whole_rule() -> None:
    """One resource or action with a wildcard is never accepted without looking at the construct."""
    assert [name for name in ACCEPTED_EVERYWHERE if "[" in name] == []


def test_to_accept_for_a_construct_what_is_accepted_everywhere_is_refused() -> None:
    construct = Construct(Stack(App(context=CONTEXT), "Stack"), "Construct")
    with pytest.raises(
        ValueError, match=r"Stack/Construct: NIST\.800\.53\.R5-IAMNoInlinePolicy is accepted everywhere"
    ):
        acknowledge(construct, {"NIST.800.53.R5-IAMNoInlinePolicy": "the same once more"})
