"""The Pipeline stack: in which order, one after the other, and with how little permission."""

import json
import re
from typing import Any

import pytest
from aws_cdk import App, Stack
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk.assertions import Match, Template

from exchange_constructs.machine_arns import MachineArns
from exchange_constructs.stage_chain import StageChain
from release_engine.pipeline_job import Question, question
from tests.infra.exchange import exchange
from tests.infra.lean_exchange import actions_of, settings, statements, templates


@pytest.fixture(scope="module")
def template() -> Template:
    return templates()["Pipeline"]


@pytest.fixture(scope="module")
def pipeline(template: Template) -> dict[str, Any]:
    (found,) = template.find_resources("AWS::CodePipeline::Pipeline").values()
    return dict(found["Properties"])


@pytest.fixture(scope="module")
def stages(pipeline: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    return {stage["Name"]: stage["Actions"] for stage in pipeline["Stages"]}


def request_of(template: Template, component: str) -> dict[str, Any]:
    """The state that starts the component's release machine."""
    machines = template.find_resources("AWS::StepFunctions::StateMachine").items()
    text = next(one["Properties"]["DefinitionString"] for name, one in machines if component.capitalize() in name)
    parts = text["Fn::Join"][1]
    joined = "".join(part if isinstance(part, str) else f"<{next(iter(part.values()))}>" for part in parts)
    state: dict[str, Any] = json.loads(joined)["States"]["Release"]
    return state


def test_the_stages_come_in_the_order_of_the_design(stages: dict[str, Any]) -> None:
    chain = [component.capitalize() for component in settings().chain]
    assert list(stages) == ["Source", "Verify", "Build", "Scan", "Infrastructure", *chain, "Acceptance"]


def test_the_components_go_out_in_the_order_of_the_chain(stages: dict[str, Any]) -> None:
    released = [name.lower() for name, actions in stages.items() if actions[0]["Name"] == "Release"]
    assert released == list(settings().chain)


def test_f20_a_later_commit_waits_for_its_turn(template: Template) -> None:
    template.has_resource_properties("AWS::CodePipeline::Pipeline", {"ExecutionMode": "QUEUED", "PipelineType": "V2"})


def test_f19_the_pipeline_changes_no_infrastructure(template: Template, stages: dict[str, Any]) -> None:
    providers = {action["ActionTypeId"]["Provider"] for actions in stages.values() for action in actions}
    assert providers == {"CodeStarSourceConnection", "CodeBuild", "InspectorScan", "StepFunctions"}
    granted = {action for one in statements(template, "") for action in actions_of(one)}
    assert not [action for action in granted if action.startswith(("cloudformation:", "codepipeline:Update"))]


def test_f19_comparing_infrastructure_needs_the_read_only_role_alone(template: Template) -> None:
    roles = [one for one in statements(template, "InfrastructureProject") if "sts:AssumeRole" in actions_of(one)]
    assert ["lookup-role" in json.dumps(one["Resource"]) for one in roles] == [True]


@pytest.mark.parametrize("component", ["backend", "client", "engine"])
def test_f7_each_stage_releases_the_digest_that_was_built(stages: dict[str, Any], component: str) -> None:
    (action,) = stages[component.capitalize()]
    build = next(one for one in stages["Build"] if one["Name"] == component.capitalize())
    asked = json.loads(action["Configuration"]["Input"])
    assert asked["digest"] == f"#{{{build['Namespace']}.IMAGE_DIGEST}}"
    assert asked["requested_by"] == "pipeline:#{codepipeline.PipelineExecutionId}"


@pytest.mark.parametrize("component", ["backend", "client", "engine"])
def test_f10_a_release_is_named_as_its_execution_so_that_its_lock_can_be_told(
    template: Template, component: str
) -> None:
    asked = request_of(template, component)["Arguments"]
    assert asked["Name"] == asked["Input"]["release_id"]
    assert asked["StateMachineArn"].endswith(f":stateMachine:{settings().stack_name(component)}-release")
    assert (asked["Input"]["component"], asked["Input"]["kind"]) == (component, "release")


def test_f1_a_stage_waits_for_the_release_and_fails_with_it(template: Template) -> None:
    state = request_of(template, "client")
    assert state["Resource"].endswith(":states:startExecution.sync:2")
    assert "Catch" not in state


@pytest.mark.parametrize("component", ["backend", "client", "engine"])
def test_f13_each_release_is_asked_for_by_preflight_before_its_stage_begins(
    pipeline: dict[str, Any], component: str
) -> None:
    """https://docs.aws.amazon.com/codepipeline/latest/userguide/concepts-how-it-works-conditions.html"""
    stage = next(one for one in pipeline["Stages"] if one["Name"] == component.capitalize())
    (condition,) = stage["BeforeEntry"]["Conditions"]
    (rule,) = condition["Rules"]
    assert condition["Result"] == "FAIL"
    assert rule["RuleTypeId"] == {"Category": "Rule", "Owner": "AWS", "Provider": "LambdaInvoke", "Version": "1"}
    assert "Preflight" in rule["Configuration"]["FunctionName"]["Fn::GetStackOutput"]["OutputName"]
    asked = question(rule["Configuration"]["UserParameters"], components=settings().chain, asks=["preflight"])
    assert asked == Question(component, "preflight")


def test_no_other_stage_and_no_two_rules_ask(pipeline: dict[str, Any]) -> None:
    """A rule's name is unique within the pipeline."""
    asking = [stage for stage in pipeline["Stages"] if "BeforeEntry" in stage]
    assert [stage["Name"].lower() for stage in asking] == list(settings().chain)
    names = [stage["BeforeEntry"]["Conditions"][0]["Rules"][0]["Name"] for stage in asking]
    assert len(set(names)) == len(names)


def test_the_pipeline_may_call_preflight_and_no_other_function(template: Template) -> None:
    calling = [one for one in statements(template, "PipelineRole") if "lambda:InvokeFunction" in actions_of(one)]
    assert [actions_of(one) for one in calling] == [["lambda:InvokeFunction"]]
    output = calling[0]["Resource"]["Fn::GetStackOutput"]
    assert output["StackName"] == settings().stack_name("release")
    assert "Preflight" in output["OutputName"]
    assert "Arn" in output["OutputName"]


def test_the_source_may_be_read_through_the_connection_alone(template: Template) -> None:
    using = [one for one in statements(template, "PipelineRole") if "codeconnections:UseConnection" in actions_of(one)]
    assert [one["Resource"] for one in using] == [settings().pipeline.connection_arn]


def test_images_are_built_on_arm_and_only_there_with_docker(template: Template) -> None:
    projects = template.find_resources("AWS::CodeBuild::Project")
    assert {one["Properties"]["Environment"]["Type"] for one in projects.values()} == {"ARM_CONTAINER"}
    privileged = [name for name, one in projects.items() if one["Properties"]["Environment"]["PrivilegedMode"]]
    assert sorted(re.match(r"Build[A-Z][a-z]+", name)[0] for name in privileged) == [  # type: ignore[index]
        "BuildBackend",
        "BuildClient",
        "BuildEngine",
    ]


def test_each_build_takes_its_buildspec_from_its_folder(template: Template) -> None:
    projects = template.find_resources("AWS::CodeBuild::Project").items()
    specs = {name: one["Properties"]["Source"]["BuildSpec"] for name, one in projects if name.startswith("Build")}
    assert sorted(specs.values()) == ["buildspec.yml", "client/buildspec.yml", "engine/buildspec.yml"]


def test_a_build_may_push_to_its_own_repository_alone(template: Template) -> None:
    pushing = [one for one in statements(template, "BuildClient") if "ecr:PutImage" in actions_of(one)]
    assert len(pushing) == 1
    assert "client" in json.dumps(pushing[0]["Resource"])
    assert "engine" not in json.dumps(pushing[0]["Resource"])


def test_artifacts_are_encrypted_private_and_go_away(template: Template) -> None:
    template.has_resource_properties(
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
    template.has_resource_properties(
        "AWS::S3::BucketPolicy",
        {
            "PolicyDocument": {
                "Statement": Match.array_with(
                    [Match.object_like({"Effect": "Deny", "Condition": {"Bool": {"aws:SecureTransport": "false"}}})]
                )
            }
        },
    )


def test_everything_that_is_built_is_encrypted_with_the_projects_own_key(template: Template) -> None:
    projects = template.find_resources("AWS::CodeBuild::Project").values()
    groups = template.find_resources("AWS::Logs::LogGroup").values()
    assert all("Fn::GetAtt" in one["Properties"]["EncryptionKey"] for one in projects)
    assert all("Fn::GetAtt" in one["Properties"]["KmsKeyId"] for one in groups)


def test_nothing_may_be_done_to_everything(template: Template) -> None:
    wide = {action for one in statements(template, "") if one["Resource"] == "*" for action in actions_of(one)}
    assert {action.split(":")[0] for action in wide} == {"ecr", "inspector-scan", "logs", "xray"}
    assert {action for action in wide if action.startswith(("ecr", "inspector"))} == {
        "ecr:GetAuthorizationToken",
        "inspector-scan:ScanSbom",
    }
    assert not [action for one in statements(template, "") for action in actions_of(one) if action.endswith(":*")]


def test_f17_nothing_is_exported(template: Template) -> None:
    assert not [one for one in template.find_outputs("*").values() if "Export" in one]


def test_a_chain_of_nothing_is_refused() -> None:
    stack = Stack(App(), "Stack")
    with pytest.raises(ValueError, match="would release nothing and succeed"):
        StageChain(
            stack,
            "Chain",
            pipeline=codepipeline.Pipeline(stack, "Pipeline"),
            chain=[],
            machines={},
            preflight=lambda_.Function.from_function_name(stack, "Preflight", "preflight"),
            digests={},
            log_group=logs.LogGroup(stack, "Logs"),
        )


def test_a_machine_without_a_name_of_its_own_cannot_be_granted() -> None:
    stack = Stack(App(), "Stack")
    body = sfn.DefinitionBody.from_chainable(sfn.Pass(stack, "Nothing"))
    with pytest.raises(ValueError, match="has no name of its own"):
        MachineArns(stack, sfn.StateMachine(stack, "Machine", definition_body=body))


@pytest.mark.parametrize(("environment", "url"), [("staging", "http://"), ("prod2", "https://")])
def test_the_acceptance_asks_the_environment_where_users_come_in(environment: str, url: str) -> None:
    projects = exchange(environment).properties("pipeline", "CodeBuild::Project")
    (acceptance,) = [one for one in projects if one["Source"].get("BuildSpec") == "acceptance.yml"]
    variables = {one["Name"]: one["Value"] for one in acceptance["Environment"]["EnvironmentVariables"]}
    assert set(variables) == {"URL"}
    assert url in json.dumps(variables["URL"])
