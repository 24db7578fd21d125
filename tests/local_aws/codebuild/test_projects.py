"""Projects keep what a template or a request says of them.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-codebuild-project.html
"""

from copy import deepcopy
from typing import Any

from tests.local_aws.cloudformation.sample_stacks import Stack
from tests.local_aws.codebuild.sample_builds import IMAGE, ROLE, Builds, spec
from tests.local_aws.contracts import call

PROPERTIES: dict[str, Any] = {
    "Source": {
        "Type": "NO_SOURCE",
        "BuildSpec": {
            "Fn::Join": ["", ['{"version":"0.2","phases":{"build":{"commands":["echo ', {"Ref": "Logs"}, '"]}}}']]
        },
    },
    "Artifacts": {"Type": "NO_ARTIFACTS"},
    "Environment": {
        "Type": "ARM_CONTAINER",
        "Image": IMAGE,
        "ComputeType": "BUILD_GENERAL1_SMALL",
        "PrivilegedMode": True,
        "EnvironmentVariables": [{"Name": "NAME", "Type": "PLAINTEXT", "Value": "value"}],
    },
    "ServiceRole": ROLE,
    "TimeoutInMinutes": 7,
    "QueuedTimeoutInMinutes": 8,
    "Cache": {"Type": "LOCAL", "Modes": ["LOCAL_CUSTOM_CACHE"]},
    "LogsConfig": {"CloudWatchLogs": {"Status": "ENABLED", "GroupName": {"Ref": "Logs"}}},
    "SecondarySources": [{"Type": "CODEPIPELINE", "SourceIdentifier": "Code"}],
    "SecondaryArtifacts": [{"Type": "CODEPIPELINE", "ArtifactIdentifier": "Out"}],
    "ConcurrentBuildLimit": 3,
}
GROUP = {"Type": "AWS::Logs::LogGroup", "Properties": {}}


def test_a_project_of_a_stack_keeps_all_that_its_template_says(builds: Builds) -> None:
    stack = Stack(builds.aws.client("cloudformation"))
    stack.create(_resources(PROPERTIES))
    group = stack.physical_id("Logs")
    (found,) = call(builds.client, "BatchGetProjects", names=[stack.physical_id("Project")])["projects"]
    assert found["source"]["buildspec"] == f'{{"version":"0.2","phases":{{"build":{{"commands":["echo {group}"]}}}}}}'
    assert found["environment"]["environmentVariables"] == [{"name": "NAME", "type": "PLAINTEXT", "value": "value"}]
    assert (found["timeoutInMinutes"], found["queuedTimeoutInMinutes"], found["concurrentBuildLimit"]) == (7, 8, 3)
    assert found["cache"] == {"type": "LOCAL", "modes": ["LOCAL_CUSTOM_CACHE"]}
    assert found["logsConfig"] == {"cloudWatchLogs": {"status": "ENABLED", "groupName": group}}
    assert found["secondarySources"] == [{"type": "CODEPIPELINE", "sourceIdentifier": "Code"}]
    assert found["secondaryArtifacts"] == [{"type": "CODEPIPELINE", "artifactIdentifier": "Out"}]


def test_an_update_says_all_of_what_the_project_is(builds: Builds) -> None:
    stack = Stack(builds.aws.client("cloudformation"))
    stack.create(_resources(PROPERTIES))
    left = {key: value for key, value in PROPERTIES.items() if key not in ("Cache", "TimeoutInMinutes")}
    changed = deepcopy(left) | {"QueuedTimeoutInMinutes": 9}
    stack.update(_resources(changed))
    (found,) = builds.client.batch_get_projects(names=[stack.physical_id("Project")])["projects"]
    assert (found.get("cache"), found["timeoutInMinutes"], found["queuedTimeoutInMinutes"]) == (None, 60, 9)


def test_a_project_of_a_stack_builds(builds: Builds) -> None:
    stack = Stack(builds.aws.client("cloudformation"))
    stack.create(_resources(PROPERTIES))
    build = builds.ended(builds.start(stack.physical_id("Project")))
    assert (build["logs"]["groupName"], builds.log(build)) == (stack.physical_id("Logs"), [stack.physical_id("Logs")])


def test_an_update_by_the_api_leaves_the_rest_alone(builds: Builds) -> None:
    """https://docs.aws.amazon.com/codebuild/latest/APIReference/API_UpdateProject.html"""
    cache = {"type": "LOCAL", "modes": ["LOCAL_CUSTOM_CACHE"]}
    project = builds.project(spec("true"), cache=cache)
    builds.client.update_project(name=project, logsConfig={"cloudWatchLogs": {"status": "DISABLED"}})
    (found,) = builds.client.batch_get_projects(names=[project])["projects"]
    assert (found["cache"], found["logsConfig"]) == (cache, {"cloudWatchLogs": {"status": "DISABLED"}})
    build = builds.ended(builds.start(project))
    assert (build["buildStatus"], "groupName" in build["logs"]) == ("SUCCEEDED", False)


def _resources(properties: dict[str, Any]) -> dict[str, Any]:
    return {"Logs": GROUP, "Project": {"Type": "AWS::CodeBuild::Project", "Properties": properties}}
