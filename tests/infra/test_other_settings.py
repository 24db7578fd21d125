"""What other settings than the shipped ones make of the stacks.

A pipeline alone or behind a staging, attended or not, in one account or in two; Kafka of somebody else, testers,
endpoints.
"""

import json
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from aws_cdk import App, Environment, Stack
from aws_cdk.assertions import Template

from settings.environment import ExternalKafka, Window
from settings.loading import Settings
from settings.staging import Owner
from stacks.composition import compose
from stacks.data import DataStack
from stacks.network import NetworkStack
from stacks.platform import PlatformStack
from stacks.registry import RegistryStack
from tests.infra.exchange import CONTEXT, PipelineTemplate, access_of, exchange, listed, pipeline_of

OWN, OTHERS = "111111111111", "222222222222"


def production(**pipeline: Any) -> Settings:
    known = exchange("prod2").settings
    return replace(known, pipeline=known.pipeline.model_copy(update=pipeline))


def alone() -> Settings:
    """Return settings of an environment that neither has a staging nor is one."""
    return replace(production(staging=None), staging=None)


@cache
def pipeline_alone() -> PipelineTemplate:
    return pipeline_of(alone())


def in_two_accounts() -> Settings:
    known = production()
    assert known.staging
    return replace(known, account=OWN, staging=replace(known.staging, account=OTHERS, owner=Owner("prod2", OWN)))


@cache
def pipeline_in_two_accounts() -> PipelineTemplate:
    return pipeline_of(in_two_accounts())


def test_an_environment_without_a_staging_releases_to_itself_without_asking_anybody() -> None:
    assert list(pipeline_alone().stages) == [
        *("Source", "Verify", "Build", "Scan"),
        *("Infrastructure", "Backend", "Client", "Engine", "Acceptance", "Record"),
    ]


def test_an_environment_alone_has_its_roles_and_they_trust_its_pipeline() -> None:
    trusted = json.dumps(access_of(alone()).find_resources("AWS::IAM::Role"))
    named = json.dumps(pipeline_alone().template.find_resources("AWS::IAM::Role"))
    for name in ("stages", "acceptance", "infrastructure"):
        assert f'exchange-prod2-pipeline-{name}"' in named
        assert f"exchange-prod2-pipeline-{name}" in trusted


def test_where_nobody_is_to_approve_production_follows_at_once() -> None:
    stages = list(pipeline_of(production(approval=False)).stages)
    assert "Approval" not in stages
    assert stages.index("ProductionInfrastructure") - stages.index("StagingAcceptance") == 1


@pytest.mark.parametrize(("approval", "approved"), [(True, [("Approve", "Manual", 1)]), (False, [])])
def test_the_windows_of_production_are_waited_for_after_the_approval_in_the_order_of_the_chain(
    approval: bool, approved: list[tuple[str, str, int]]
) -> None:
    window = Window(components=("engine", "client"), days=("tue",), opens="02:00", closes="05:00")
    actions = pipeline_of(replace(production(approval=approval), window=window)).stages["Approval"]
    assert [(action["Name"], action["ActionTypeId"]["Provider"], action["RunOrder"]) for action in actions] == [
        *approved,
        ("WindowClient", "Lambda", 2),
        ("WindowEngine", "Lambda", 2),
    ]
    questions = [
        json.loads(action["Configuration"]["UserParameters"]) for action in actions if "Window" in action["Name"]
    ]
    assert questions == [{"component": name, "ask": "window"} for name in ("client", "engine")]
    assert all("exchange-prod2-preflight" in json.dumps(action["Configuration"]) for action in actions[-2:])


def test_what_is_ignored_starts_nothing() -> None:
    """https://docs.aws.amazon.com/codepipeline/latest/userguide/pipelines-filter.html"""
    [trigger] = pipeline_of(production(ignored_paths=("docs/**", "*.md"))).pipeline["Triggers"]
    [push] = trigger["GitConfiguration"]["Push"]
    assert push == {"Branches": {"Includes": ["main"]}, "FilePaths": {"Excludes": ["docs/**", "*.md"]}}


def test_in_two_accounts_each_action_becomes_a_role_of_the_account_that_it_acts_in() -> None:
    stages = pipeline_in_two_accounts().stages
    for half, account, environment in (("Staging", OTHERS, "staging"), ("Production", OWN, "prod2")):
        [release] = stages[f"{half}Client"]
        assert release["RoleArn"] == f"arn:aws:iam::{account}:role/exchange-{environment}-pipeline"
        machine = f"arn:aws:states:us-west-2:{account}:stateMachine:exchange-{environment}-client-request"
        assert release["Configuration"]["StateMachineArn"] == machine


def test_in_two_accounts_a_build_pushes_to_both_registries() -> None:
    policies = json.dumps(pipeline_in_two_accounts().template.find_resources("AWS::IAM::Policy"))
    assert f"arn:aws:ecr:us-west-2:{OTHERS}:repository/exchange-staging-client" in policies
    assert f"arn:aws:ecr:us-west-2:{OWN}:repository/exchange-client-59deea6" in policies


def test_in_two_accounts_the_staging_trusts_named_roles_of_the_other_account() -> None:
    staging = in_two_accounts().staging
    assert staging
    trusted = json.dumps(access_of(staging).find_resources("AWS::IAM::Role"))
    for name in ("stages", "staging-acceptance", "staging-infrastructure"):
        assert f"arn:aws:iam::{OWN}:role/exchange-prod2-pipeline-{name}" in trusted
    assert f"iam::{OTHERS}:root" not in trusted


def test_in_two_accounts_each_repository_of_staging_lets_its_build_push_and_nobody_else() -> None:
    """https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policies.html"""
    staging = in_two_accounts().staging
    assert staging
    policies = {
        repository["Properties"]["RepositoryName"]: repository["Properties"].get("RepositoryPolicyText")
        for repository in registry_of(staging).find_resources("AWS::ECR::Repository").values()
    }
    assert policies.pop("exchange-kafka") is None
    assert len(policies) == 3
    for name, policy in policies.items():
        [statement] = policy["Statement"]
        build = f"exchange-prod2-pipeline-build-{name.removeprefix('exchange-staging-')}"
        assert statement["Condition"] == {"ArnEquals": {"aws:PrincipalArn": f"arn:aws:iam::{OWN}:role/{build}"}}
        assert "ecr:PutImage" in listed(statement["Action"])
        assert not [action for action in listed(statement["Action"]) if "Delete" in action or "*" in action]
        assert build in json.dumps(pipeline_in_two_accounts().template.find_resources("AWS::IAM::Role"))


def test_in_one_account_a_repository_needs_no_policy() -> None:
    policies = [
        repository.get("RepositoryPolicyText")
        for repository in exchange("staging").properties("registry", "ECR::Repository")
    ]
    assert policies == [None] * 4


def registry_of(settings: Settings) -> Template:
    environment = Environment(account=settings.account, region=settings.region)
    return Template.from_stack(RegistryStack(App(context=CONTEXT), "Registry", settings=settings, env=environment))


def test_where_github_runs_the_releases_there_is_no_pipeline_and_no_role_for_one() -> None:
    known = production(runner="github")
    assert not known.has_pipeline
    assert known.staging
    staging = replace(known.staging, owner=Owner("prod2", None, "github"))
    for settings, role in ((known, "exchange-prod2-pipeline"), (staging, "exchange-staging-pipeline")):
        assert f'"{role}"' not in json.dumps(access_of(settings).find_resources("AWS::IAM::Role"))


def test_an_account_has_one_provider_of_github_whichever_environments_are_in_it() -> None:
    """A second one of the same URL is refused.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html
    """
    known = production()
    assert known.staging
    providers = {
        settings.environment: len(access_of(settings).find_resources("AWS::IAM::OIDCProvider"))
        for settings in (known, known.staging)
    }
    assert providers == {"prod2": 0, "staging": 1}
    assert ":oidc-provider/token.actions.githubusercontent.com" in json.dumps(
        access_of(known).find_resources("AWS::IAM::Role")
    )
    assert len(access_of(in_two_accounts()).find_resources("AWS::IAM::OIDCProvider")) == 1
    assert len(access_of(alone()).find_resources("AWS::IAM::OIDCProvider")) == 1


@pytest.mark.parametrize(("runner", "stacks"), [("codepipeline", 11), ("github", 10)])
def test_the_runner_decides_whether_there_is_a_pipeline(runner: str, stacks: int) -> None:
    app = App(context=CONTEXT)
    composition = compose(app, production(runner=runner))
    assert (composition.pipeline is not None) == (runner == "codepipeline")
    assert sum(isinstance(child, Stack) for child in app.node.children) == stacks


BROKERS = ["kafka-1.example.com:9098", "kafka-2.example.com:9098"]


def settings() -> Settings:
    known = exchange("staging").settings
    network = known.network.model_copy(
        update={"test_cidrs": ["10.99.0.0/16"], "interface_endpoints": ["ecr.api", "logs"]}
    )
    return replace(known, network=network, kafka=ExternalKafka(mode="external", bootstrap_brokers=BROKERS))


@cache
def stacks() -> tuple[NetworkStack, PlatformStack, DataStack]:
    """Make the stacks below the components."""
    app = App(context=CONTEXT)
    shared: dict[str, Any] = {"settings": settings(), "env": Environment(region="us-west-2")}
    network = NetworkStack(app, "Network", **shared)
    platform = PlatformStack(app, "Platform", network=network, **shared)
    registry = RegistryStack(app, "Registry", **shared)
    return network, platform, DataStack(app, "Data", network=network, platform=platform, registry=registry, **shared)


def test_components_begin_with_the_brokers_that_somebody_else_runs() -> None:
    _, _, data = stacks()
    assert data.brokers == ",".join(BROKERS)


def test_the_brokers_that_somebody_else_runs_are_reached_on_their_port_only() -> None:
    _, _, data = stacks()
    (peer,) = data.kafka_peers
    assert peer.port.to_string() == "9098"


def test_no_broker_is_made_where_somebody_else_runs_them() -> None:
    _, _, data = stacks()
    template = Template.from_stack(data)
    for kind in ("AWS::MSK::Cluster", "AWS::ECS::Service", "AWS::EFS::FileSystem"):
        template.resource_count_is(kind, 0)


def test_the_test_listener_is_open_to_the_testers_of_the_settings_alone() -> None:
    _, platform, _ = stacks()
    (group,) = Template.from_stack(platform).find_resources("AWS::EC2::SecurityGroup").values()
    rules = group["Properties"]["SecurityGroupIngress"]
    assert [rule["CidrIp"] for rule in rules if rule["FromPort"] == 9443] == ["10.99.0.0/16"]


def test_apis_are_reached_inside_the_network_where_the_settings_say_so() -> None:
    network, _, _ = stacks()
    endpoints = Template.from_stack(network).find_resources(
        "AWS::EC2::VPCEndpoint", {"Properties": {"VpcEndpointType": "Interface"}}
    )
    names = [endpoint["Properties"]["ServiceName"] for endpoint in endpoints.values()]
    assert names == ["com.amazonaws.us-west-2.ecr.api", "com.amazonaws.us-west-2.logs"]
    assert all(endpoint["Properties"]["PrivateDnsEnabled"] for endpoint in endpoints.values())
