"""The Pipeline stack: one pipeline, two environments, one stage after the other."""

import json
from base64 import b64decode, b64encode
from dataclasses import replace
from typing import Any

import pytest
from aws_cdk import App, Stack
from aws_cdk import aws_codepipeline as codepipeline

from exchange_constructs.pipeline.destination import Destination, StageChain
from exchange_constructs.values import arn_scope
from release_engine.pipeline_job import JobQuestion, Push, question
from settings.loading import ROOT
from tests.infra.exchange import PIPELINE, Json, action, exchange, pipeline_of, stages_of

COMPONENTS = ("backend", "client", "engine")
HALVES = {"Staging": "staging", "Production": "prod2"}
each = pytest.mark.parametrize("component", COMPONENTS)
both = pytest.mark.parametrize("half", HALVES)
DIGESTS = " ".join(f"{name}=#{{Build{name.capitalize()}.IMAGE_DIGEST}}" for name in COMPONENTS)
DIGEST = f"sha256:{'a' * 64}"


@pytest.fixture(scope="module")
def pipeline() -> Json:
    return exchange(PIPELINE).only("pipeline", "CodePipeline::Pipeline")


@pytest.fixture(scope="module")
def stages(pipeline: Json) -> dict[str, list[Json]]:
    return stages_of(pipeline)


def project(stages: dict[str, list[Json]], stage: str, name: str) -> Json:
    """Return the properties of an action's CodeBuild project."""
    id_ = action(stages, stage, name)["Configuration"]["ProjectName"]["Ref"]
    properties: Json = exchange(PIPELINE).resources("pipeline", "CodeBuild::Project")[id_]["Properties"]
    return properties


def settings_of(project: Json) -> dict[str, Any]:
    return {variable["Name"]: variable["Value"] for variable in project["Environment"].get("EnvironmentVariables", ())}


def variables(action: Json) -> dict[str, str]:
    return {
        variable["name"]: variable["value"] for variable in json.loads(action["Configuration"]["EnvironmentVariables"])
    }


def release_json(component: str) -> Json:
    """Return the release.json that a build of the component leaves."""
    template = ROOT / "rehearsal" / "components" / component / "release.json"
    return {**json.loads(template.read_text(encoding="utf-8")), "commit": "c" * 40, "digest": DIGEST}


def half_of(half: str) -> list[str]:
    chain = [component.capitalize() for component in exchange(PIPELINE).settings.chain]
    return [f"{half}{stage}" for stage in ("Infrastructure", *chain, "Acceptance")]


def test_the_stages_come_in_the_order_of_the_design(stages: dict[str, list[Json]]) -> None:
    before, between = ["Source", "Verify", "Build", "Scan"], ["Approval"]
    assert list(stages) == [*before, *half_of("Staging"), *between, *half_of("Production"), "Record"]


def test_f20_a_later_commit_waits_for_its_turn(pipeline: Json) -> None:
    assert (pipeline["ExecutionMode"], pipeline["PipelineType"]) == ("QUEUED", "V2")


def test_a_push_to_the_monorepo_starts_it_and_nothing_else_does(pipeline: Json, stages: dict[str, list[Json]]) -> None:
    """With a trigger the sources' own detection is off.

    https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PipelineTriggerDeclaration.html
    """
    settings = exchange(PIPELINE).settings.pipeline
    [trigger] = pipeline["Triggers"]
    assert trigger["GitConfiguration"]["SourceActionName"] == "Push"
    assert trigger["GitConfiguration"]["Push"] == [{"Branches": {"Includes": [settings.branch]}}]
    configurations = {action["Name"]: action["Configuration"] for action in stages["Source"]}
    assert {configuration["DetectChanges"] for configuration in configurations.values()} == {False}
    assert configurations["Push"]["FullRepositoryId"] == settings.repository
    assert configurations["Commands"]["FullRepositoryId"] == settings.commands_repository


def test_the_monorepo_comes_with_its_history_which_tells_the_versions(stages: dict[str, list[Json]]) -> None:
    formats = {action["Name"]: action["Configuration"].get("OutputArtifactFormat") for action in stages["Source"]}
    assert formats == {"Push": "CODEBUILD_CLONE_REF", "Commands": None}


@pytest.mark.parametrize("stage", ["Verify", "Build"])
def test_the_three_components_are_verified_and_built_at_once(stages: dict[str, list[Json]], stage: str) -> None:
    assert [action["RunOrder"] for action in stages[stage]] == [1, 1, 1]
    assert len({action["Name"] for action in stages[stage]}) == 3


def test_the_suites_alone_are_run_as_the_monorepo_says(stages: dict[str, list[Json]]) -> None:
    specs = [project(stages, "Verify", action["Name"])["Source"]["BuildSpec"] for action in stages["Verify"]]
    assert specs == ["verify.yml", "client/verify.yml", "engine/verify.yml"]
    projects = exchange(PIPELINE).properties("pipeline", "CodeBuild::Project")
    ours = [project["Source"]["BuildSpec"] for project in projects if project["Source"]["BuildSpec"] not in specs]
    assert len(ours) == 8
    assert all(spec.startswith('version: "0.2"\n') for spec in ours)


@each
def test_a_component_is_built_by_our_commands_from_the_pushed_commit(
    stages: dict[str, list[Json]], component: str
) -> None:
    build = action(stages, "Build", component.capitalize())
    assert [artifact["Name"] for artifact in build["InputArtifacts"]] == ["Commands", "Source"]
    assert build["Configuration"]["PrimarySource"] == "Commands"
    assert variables(build) == {"COMMIT": "#{Source.CommitId}"}
    assert [artifact["Name"] for artifact in build["OutputArtifacts"]] == [f"Build{component.capitalize()}"]
    known = settings_of(project(stages, "Build", component.capitalize()))
    assert known == {"COMPONENT": component, "ENVIRONMENT": "prod2", "PLACES": "prod2 staging"}


def test_images_are_built_on_arm_cached_and_only_there_with_docker(stages: dict[str, list[Json]]) -> None:
    projects = exchange(PIPELINE).resources("pipeline", "CodeBuild::Project")
    assert {project["Properties"]["Environment"]["Type"] for project in projects.values()} == {"ARM_CONTAINER"}
    privileged = {id_ for id_, project in projects.items() if project["Properties"]["Environment"]["PrivilegedMode"]}
    builds = {action["Configuration"]["ProjectName"]["Ref"] for action in stages["Build"]}
    assert privileged == builds
    layers = {
        id_
        for id_, project in projects.items()
        if "LOCAL_DOCKER_LAYER_CACHE" in project["Properties"]["Cache"]["Modes"]
    }
    assert layers == builds


def test_all_images_are_scanned_before_any_of_them_goes_anywhere(stages: dict[str, list[Json]]) -> None:
    [scan] = stages["Scan"]
    assert variables(scan) == {"DIGESTS": DIGESTS}
    assert settings_of(project(stages, "Scan", "Scan")) == {"ENVIRONMENT": "prod2"}


@both
@each
def test_f7_each_stage_releases_the_digest_that_was_built_once(
    stages: dict[str, list[Json]], half: str, component: str
) -> None:
    [release] = stages[f"{half}{component.capitalize()}"]
    machine_input = json.loads(release["Configuration"]["Input"])
    assert machine_input == {
        "digest": f"#{{Build{component.capitalize()}.IMAGE_DIGEST}}",
        "manifest": f"#{{Build{component.capitalize()}.MANIFEST}}",
        "requested_by": "pipeline:#{codepipeline.PipelineExecutionId}",
    }
    machine = json.dumps(release["Configuration"]["StateMachineArn"])
    assert f":stateMachine:exchange-{HALVES[half]}-{component}-request" in machine


@both
@each
def test_what_a_stage_hands_over_stays_within_what_a_configuration_may_hold(
    stages: dict[str, list[Json]], half: str, component: str
) -> None:
    """A thousand characters: https://docs.aws.amazon.com/codepipeline/latest/userguide/reference-variables.html"""
    manifest = json.dumps(release_json(component), indent=2).encode()
    said = stages[f"{half}{component.capitalize()}"][0]["Configuration"]["Input"]
    for variable, value in (
        (f"Build{component.capitalize()}.IMAGE_DIGEST", DIGEST),
        (f"Build{component.capitalize()}.MANIFEST", b64encode(manifest).decode()),
        ("codepipeline.PipelineExecutionId", "11111111-2222-3333-4444-555555555555"),
    ):
        said = said.replace(f"#{{{variable}}}", value)
    assert json.loads(b64decode(json.loads(said)["manifest"])) == release_json(component)
    assert len(said) <= 1000


@both
@each
def test_f13_each_release_is_asked_for_by_its_environments_preflight_before_its_stage_begins(
    pipeline: Json, half: str, component: str
) -> None:
    """https://docs.aws.amazon.com/codepipeline/latest/userguide/concepts-how-it-works-conditions.html"""
    stage = next(stage for stage in pipeline["Stages"] if stage["Name"] == f"{half}{component.capitalize()}")
    [condition] = stage["BeforeEntry"]["Conditions"]
    [rule] = condition["Rules"]
    assert condition["Result"] == "FAIL"
    assert rule["RuleTypeId"] == {"Category": "Rule", "Owner": "AWS", "Provider": "LambdaInvoke", "Version": "1"}
    assert rule["Configuration"]["FunctionName"] == f"exchange-{HALVES[half]}-preflight"
    assert f":role/exchange-{HALVES[half]}-pipeline" in json.dumps(rule["RoleArn"])
    job = question(rule["Configuration"]["UserParameters"], components=COMPONENTS, asks=["preflight"])
    assert job == JobQuestion(component, "preflight")


def test_no_other_stage_and_no_two_rules_ask(pipeline: Json) -> None:
    """A rule's name is unique within the pipeline."""
    asking = [stage for stage in pipeline["Stages"] if "BeforeEntry" in stage]
    expected = [f"{half}{component.capitalize()}" for half in HALVES for component in COMPONENTS]
    assert [stage["Name"] for stage in asking] == expected
    names = [stage["BeforeEntry"]["Conditions"][0]["Rules"][0]["Name"] for stage in asking]
    assert len(set(names)) == len(names)


@both
@pytest.mark.parametrize(("name", "role"), [("Infrastructure", "infrastructure"), ("Acceptance", "pipeline")])
def test_what_is_done_to_a_whole_environment_knows_it_and_the_role_to_become_there(
    stages: dict[str, list[Json]], half: str, name: str, role: str
) -> None:
    done = action(stages, f"{half}{name}", name)
    known = settings_of(project(stages, f"{half}{name}", name))
    assert known.keys() == {"ENVIRONMENT", "ENVIRONMENT_ROLE"}
    assert known["ENVIRONMENT"] == HALVES[half]
    assert json.dumps(known["ENVIRONMENT_ROLE"]).endswith(f':role/exchange-{HALVES[half]}-{role}"]]}}')
    expected = {"EXECUTION": "#{codepipeline.PipelineExecutionId}", "DIGESTS": DIGESTS} if name == "Acceptance" else {}
    assert json.loads(done["Configuration"].get("EnvironmentVariables", "[]")) == [
        {"name": key, "type": "PLAINTEXT", "value": value} for key, value in expected.items()
    ]
    assert [artifact["Name"] for artifact in done["InputArtifacts"]] == ["Commands"]


def test_orders_are_placed_where_the_settings_of_that_environment_say() -> None:
    known = exchange(PIPELINE).settings
    market = known.pipeline.model_copy(update={"acceptance_market": "TEST-USD"})
    template = pipeline_of(replace(known, pipeline=market))
    markets = [
        settings_of(project).get("MARKET")
        for project in template.projects.values()
        if "ENVIRONMENT_ROLE" in settings_of(project)
    ]
    assert sorted(filter(None, markets)) == ["TEST-USD"]


def test_somebody_approves_what_staging_has_shown_before_anything_of_production_changes(
    stages: dict[str, list[Json]],
) -> None:
    """Variables are resolved in both.

    https://docs.aws.amazon.com/codepipeline/latest/userguide/tutorials-pipeline-variables.html
    """
    [approve] = stages["Approval"]
    assert approve["ActionTypeId"] == {"Category": "Approval", "Owner": "AWS", "Provider": "Manual", "Version": "1"}
    assert approve["Configuration"] == {
        "CustomData": "Release #{Source.CommitId} to prod2? It has passed in staging.",
        "ExternalEntityLink": "https://github.com/exchange/exchange/commit/#{Source.CommitId}",
    }
    names = list(stages)
    assert names.index("Approval") - names.index("StagingAcceptance") == 1
    assert names.index("ProductionInfrastructure") - names.index("Approval") == 1


def test_what_was_pushed_is_recorded_at_the_end_as_the_function_reads_it(stages: dict[str, list[Json]]) -> None:
    """User parameters hold 1,000 characters.

    https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-Lambda.html
    """
    [record] = stages["Record"]
    said = record["Configuration"]["UserParameters"]
    for variable, value in (
        ("codepipeline.PipelineExecutionId", "11111111-2222-3333-4444-555555555555"),
        ("Source.CommitId", "c" * 40),
        *((f"Build{name.capitalize()}.IMAGE_DIGEST", DIGEST) for name in COMPONENTS),
    ):
        assert f"#{{{variable}}}" in said
        said = said.replace(f"#{{{variable}}}", value)
    assert len(said) <= 1000
    job = question(said, components=COMPONENTS, asks=["record"])
    digests = dict.fromkeys(COMPONENTS, DIGEST)
    expected = Push("11111111-2222-3333-4444-555555555555", "c" * 40, digests, ("staging", "prod2"))
    assert job.push == expected
    assert ":function:exchange-prod2-record" in json.dumps(record["Configuration"]["FunctionName"])


def test_a_chain_of_nothing_is_refused() -> None:
    stack = Stack(App(), "Stack")
    destination = Destination(
        stack,
        "Staging",
        environment="staging",
        label="Staging",
        arns=arn_scope(stack),
        release_role="release",
        infrastructure_role="infrastructure",
        requests={},
        preflight="preflight",
        record="record",
    )
    pipeline = codepipeline.Pipeline(stack, "Pipeline")
    with pytest.raises(ValueError, match="would release nothing and succeed"):
        StageChain(stack, "Chain", pipeline=pipeline, destination=destination, chain=[], digests={}, manifests={})
