"""Who may do what on the way from a push to production: each part its own role, each environment its own."""

import json

import pytest
from aws_cdk.assertions import Match, Template

from tests.infra.exchange import Json, actions_of, exchange, listed, role_statements, template

HALVES = {"Staging": "staging", "Production": "prod2"}
both = pytest.mark.parametrize(("half", "environment"), HALVES.items())
everywhere = pytest.mark.parametrize("environment", HALVES.values())


@pytest.fixture(scope="module")
def pipeline() -> Template:
    return template("prod2", "pipeline")


def may(template: Template, role: str) -> set[str]:
    return {action for statement in role_statements(template, role) for action in actions_of(statement)}


def becomes(template: Template, role: str) -> list[str]:
    """Return the names of the roles that a role may become."""
    allowed = [statement for statement in role_statements(template, role) if "sts:AssumeRole" in actions_of(statement)]
    return [
        json.dumps(arn).rpartition(":role/")[2].strip('"]}')
        for statement in allowed
        for arn in listed(statement["Resource"])
    ]


def test_f19_no_part_of_the_pipeline_changes_the_pipeline_or_deploys_by_itself(pipeline: Template) -> None:
    granted = may(pipeline, "")
    assert not [action for action in granted if action.startswith(("cloudformation:", "codepipeline:", "states:"))]
    assert not [action for action in granted if action.startswith("lambda:")]


def test_the_pipeline_itself_becomes_those_who_ask_for_releases_and_nobody_who_deploys(pipeline: Template) -> None:
    assert sorted(becomes(pipeline, "Stages")) == ["exchange-prod2-pipeline", "exchange-staging-pipeline"]


@both
@pytest.mark.parametrize(("what", "role"), [("Infrastructure", "infrastructure"), ("Acceptance", "pipeline")])
def test_what_is_done_to_an_environment_reaches_that_environment_alone(
    pipeline: Template, half: str, environment: str, what: str, role: str
) -> None:
    name = f"{half}Projects{what}"
    assert becomes(pipeline, name) == [f"exchange-{environment}-{role}"]
    assert {action.partition(":")[0] for action in may(pipeline, name)} == {"logs", "kms", "s3", "sts"}


def test_nobody_else_becomes_anybody(pipeline: Template) -> None:
    for role in ("Build", "Verify"):
        assert becomes(pipeline, role) == []


def test_a_build_pushes_to_its_components_repositories_alone_and_to_those_of_both(pipeline: Template) -> None:
    [pushing] = [
        statement for statement in role_statements(pipeline, "BuildClient") if "ecr:PutImage" in actions_of(statement)
    ]
    named = [json.dumps(arn).rpartition(":repository/")[2].strip('"]}') for arn in pushing["Resource"]]
    assert named == ["exchange-client-59deea6", "exchange-staging-client"]


def test_the_scan_reads_findings_and_pushes_nothing(pipeline: Template) -> None:
    registry = {action for action in may(pipeline, "BuildScan") if action.startswith("ecr:")}
    assert registry == {"ecr:DescribeImageScanFindings", "ecr:StartImageScan"}


def test_only_who_fetches_the_monorepo_with_its_history_uses_the_connection(pipeline: Template) -> None:
    """CDK grants one of the two names that the action has, and AWS asks for the one that agrees with the ARN.

    https://docs.aws.amazon.com/dtconsole/latest/userguide/security-iam.html
    """
    names = {"codeconnections:UseConnection", "codestar-connections:UseConnection"}
    using = {role: names & may(pipeline, role) for role in ("Stages", "BuildClient", "VerifyEngine")}
    assert set(map(frozenset, using.values())) == {frozenset(names)}
    for role in ("BuildScan", "StagingProjects", "ProductionProjects"):
        assert names & may(pipeline, role) == set()
    connection = exchange("prod2").settings.pipeline.connection_arn
    used = [statement for statement in role_statements(pipeline, "") if names & set(actions_of(statement))]
    assert {statement["Resource"] for statement in used} == {connection}


def test_nothing_may_be_done_to_everything(pipeline: Template) -> None:
    wide = {
        action
        for statement in role_statements(pipeline, "")
        if statement["Resource"] == "*"
        for action in actions_of(statement)
    }
    assert wide == {"ecr:GetAuthorizationToken"}


def roles(template: Template) -> dict[str, Json]:
    """Return the properties of the roles that have physical names, by these."""
    roles = template.find_resources("AWS::IAM::Role").values()
    return {role["Properties"]["RoleName"]: role["Properties"] for role in roles if "RoleName" in role["Properties"]}


@both
@pytest.mark.parametrize(
    ("role", "trusted"),
    [("pipeline", ["stages", "{half}-acceptance"]), ("infrastructure", ["{half}-infrastructure"])],
)
def test_an_environments_roles_trust_these_parts_of_its_pipeline_alone(
    half: str, environment: str, role: str, trusted: list[str]
) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html"""
    [statement] = roles(template(environment, "access"))[f"exchange-{environment}-{role}"]["AssumeRolePolicyDocument"][
        "Statement"
    ]
    arns = listed(statement["Condition"]["ArnEquals"]["aws:PrincipalArn"])
    names = [json.dumps(arn).rpartition(":role/")[2].strip('"]}') for arn in arns]
    expected = [f"exchange-prod2-pipeline-{name.format(half=half.lower())}" for name in trusted]
    assert names == expected
    assert set(expected) <= set(roles(template("prod2", "pipeline")))
    assert "*" not in json.dumps(statement)


@everywhere
def test_who_asks_for_releases_starts_machines_and_cannot_deploy(environment: str) -> None:
    granted = may(template(environment, "access"), "PipelineReleases")
    assert granted == {
        *("states:StartExecution", "states:DescribeExecution", "states:DescribeStateMachine"),
        "states:GetExecutionHistory",
        "lambda:InvokeFunction",
        *("cloudformation:DescribeStacks", "dynamodb:GetItem", "dynamodb:Query", "kms:Decrypt", "ecr:BatchGetImage"),
    }


@everywhere
def test_who_asks_for_releases_calls_preflight_and_record_and_no_other_function(environment: str) -> None:
    access = template(environment, "access")
    [calling] = [
        statement
        for statement in role_statements(access, "PipelineReleases")
        if "lambda:InvokeFunction" in actions_of(statement)
    ]
    names = [json.dumps(arn).rpartition(":function:")[2].strip('"]}') for arn in calling["Resource"]]
    assert names == [f"exchange-{environment}-{name}" for name in ("preflight", "record")]
    known = {
        function.get("FunctionName") for function in exchange(environment).properties("release", "Lambda::Function")
    }
    assert set(names) <= known


@everywhere
def test_who_deploys_starts_no_release_and_becomes_the_roles_of_the_bootstrap(environment: str) -> None:
    access = template(environment, "access")
    granted = {action for action in may(access, "PipelineInfrastructure") if action.startswith(("states:", "lambda:"))}
    assert granted == {"states:DescribeExecution"}
    parts = sorted(name.split("-")[2] for name in becomes(access, "PipelineInfrastructure"))
    assert parts == ["deploy", "file", "lookup"]


@everywhere
def test_f15_who_deploys_can_hold_the_locks_of_the_releases_and_forge_no_release(environment: str) -> None:
    granted = may(template(environment, "access"), "PipelineInfrastructure")
    assert {action for action in granted if action.startswith("dynamodb:")} == {
        "dynamodb:GetItem",
        "dynamodb:UpdateItem",
    }


@everywhere
def test_who_deploys_looks_at_the_stacks_of_its_environment_alone(environment: str) -> None:
    access = template(environment, "access")
    looking = [
        statement
        for statement in role_statements(access, "PipelineInfrastructure")
        if "cloudformation:GetTemplate" in actions_of(statement)
    ]
    assert [json.dumps(statement["Resource"]).rpartition(":stack/")[2].strip('"]}') for statement in looking] == [
        f"exchange-{environment}-*/*"
    ]


def test_artifacts_are_encrypted_private_and_go_away(pipeline: Template) -> None:
    pipeline.has_resource_properties(
        "AWS::S3::Bucket",
        {
            "BucketEncryption": {
                "ServerSideEncryptionConfiguration": [
                    {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}, "BucketKeyEnabled": True}
                ]
            },
            "PublicAccessBlockConfiguration": {"BlockPublicAcls": True, "RestrictPublicBuckets": True},
            "LifecycleConfiguration": {"Rules": [Match.object_like({"ExpirationInDays": 30, "Status": "Enabled"})]},
        },
    )
    plain = Match.object_like({"Effect": "Deny", "Condition": {"Bool": {"aws:SecureTransport": "false"}}})
    pipeline.has_resource_properties(
        "AWS::S3::BucketPolicy", {"PolicyDocument": {"Statement": Match.array_with([plain])}}
    )


def test_everything_that_is_built_is_encrypted_with_the_pipelines_own_key(pipeline: Template) -> None:
    projects = pipeline.find_resources("AWS::CodeBuild::Project").values()
    groups = pipeline.find_resources("AWS::Logs::LogGroup").values()
    assert len(projects) == len(groups) == 11
    assert all("Fn::GetAtt" in project["Properties"]["EncryptionKey"] for project in projects)
    assert all("Fn::GetAtt" in group["Properties"]["KmsKeyId"] for group in groups)
