"""The Access stack: who GitHub's workflows may become, and what they may do then."""

import json
from typing import Any

import pytest
from aws_cdk import App, Stack
from aws_cdk.assertions import Match, Template

from exchange_constructs.access import GithubRole, github_provider
from tests.infra.exchange import PROVIDER, actions_of, role_statements, single_templates, staging_settings

ISSUER = "token.actions.githubusercontent.com"


@pytest.fixture(scope="module")
def template() -> Template:
    return single_templates()["Access"]


def trust(template: Template, role: str) -> dict[str, Any]:
    roles = template.find_resources("AWS::IAM::Role").items()
    document = next(
        resource["Properties"]["AssumeRolePolicyDocument"] for name, resource in roles if name.startswith(role)
    )
    (statement,) = document["Statement"]
    assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
    condition: dict[str, Any] = statement["Condition"]
    return condition


def test_f30_pull_requests_may_become_the_diff_role_and_no_other(template: Template) -> None:
    subject = f"repo:{staging_settings().pipeline.repository}:pull_request"
    assert trust(template, "Diff") == {"StringEquals": {f"{ISSUER}:aud": "sts.amazonaws.com", f"{ISSUER}:sub": subject}}


def test_f30_the_diff_role_can_only_become_the_role_that_looks(template: Template) -> None:
    (statement,) = role_statements(template, "Diff")
    assert actions_of(statement) == ["sts:AssumeRole"]
    assert "role/cdk-hnb659fds-lookup-role-" in json.dumps(statement["Resource"])
    assert "*" not in json.dumps(statement["Resource"])


def test_a_release_needs_the_environment_and_the_branch(template: Template) -> None:
    pipeline = staging_settings().pipeline
    assert trust(template, "Release") == {
        "StringEquals": {
            f"{ISSUER}:aud": "sts.amazonaws.com",
            f"{ISSUER}:sub": f"repo:{pipeline.repository}:environment:staging",
            f"{ISSUER}:ref": f"refs/heads/{pipeline.branch}",
        }
    }


def test_the_release_role_may_ask_for_releases_and_look_at_them(template: Template) -> None:
    granted = {action for statement in role_statements(template, "Release") for action in actions_of(statement)}
    assert granted == {
        "states:StartExecution",
        "states:DescribeExecution",
        "states:GetExecutionHistory",
        "cloudformation:DescribeStacks",
        "dynamodb:GetItem",
        "dynamodb:Query",
        "kms:Decrypt",
        "ecr:BatchGetImage",
    }


def test_the_release_role_starts_the_release_machines_alone(template: Template) -> None:
    starting = [
        statement
        for statement in role_statements(template, "Release")
        if "states:StartExecution" in actions_of(statement)
    ]
    resources = [statement["Resource"] for statement in starting]
    named = json.dumps(resources)
    assert all(
        f":stateMachine:{staging_settings().stack_name(name)}-release" in named for name in staging_settings().chain
    )
    assert "*" not in named


@pytest.mark.parametrize("role", ["Look", "Build"])
def test_a_job_without_an_environment_looks_and_builds_on_the_release_branch_alone(
    template: Template, role: str
) -> None:
    pipeline = staging_settings().pipeline
    subject = f"repo:{pipeline.repository}:ref:refs/heads/{pipeline.branch}"
    assert trust(template, role) == {"StringEquals": {f"{ISSUER}:aud": "sts.amazonaws.com", f"{ISSUER}:sub": subject}}


def test_who_looks_changes_nothing(template: Template) -> None:
    granted = {action for statement in role_statements(template, "Look") for action in actions_of(statement)}
    assert granted == {
        "cloudformation:DescribeStacks",
        "dynamodb:GetItem",
        "dynamodb:Query",
        "kms:Decrypt",
        "ecr:BatchGetImage",
    }


def test_who_builds_pushes_to_the_repositories_of_the_components_and_releases_nothing(template: Template) -> None:
    pushing, pulling, logging_in = role_statements(template, "Build")
    assert {action.partition(":")[0] for action in actions_of(pushing)} == {"ecr"}
    assert "ecr:PutImage" in actions_of(pushing)
    assert repositories(pushing) == [staging_settings().stack_name(name) for name in staging_settings().chain]
    assert repositories(pulling) == [f"{staging_settings().project}-*-{name}" for name in staging_settings().chain]
    assert [action for action in actions_of(pulling) if "Put" in action or "Upload" in action] == []
    assert (actions_of(logging_in), logging_in["Resource"]) == (["ecr:GetAuthorizationToken"], "*")


def repositories(statement: dict[str, Any]) -> list[str]:
    return [json.dumps(resource).rpartition("repository/")[2].strip('"]}') for resource in statement["Resource"]]


def test_the_workflows_find_their_roles_by_output(template: Template) -> None:
    for name in ("DiffRoleArn", "LookRoleArn", "BuildRoleArn", "ReleaseRoleArn"):
        template.has_output(name, {"Value": Match.any_value()})


def test_the_provider_is_githubs(template: Template) -> None:
    template.has_resource_properties(
        "AWS::IAM::OIDCProvider", {"Url": f"https://{ISSUER}", "ClientIdList": ["sts.amazonaws.com"]}
    )


def test_a_provider_that_the_account_has_is_adopted() -> None:
    adopting = single_templates()["AdoptingAccess"]
    adopting.resource_count_is("AWS::IAM::OIDCProvider", 0)
    assert PROVIDER in json.dumps(adopting.find_resources("AWS::IAM::Role"))


@pytest.mark.parametrize("repository", ["exchange", "exchange/*", "a/b/c"])
def test_a_trust_in_more_than_one_repository_is_refused(repository: str) -> None:
    stack = Stack(App(), "Stack")
    provider = github_provider(stack, "GitHub", existing_arn=PROVIDER)
    with pytest.raises(ValueError, match="is not a repository of the form owner/name"):
        GithubRole(stack, "Role", provider=provider, repository=repository, run="pull_request", description="")
