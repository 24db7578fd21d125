"""CodeBuild runs what a buildspec says, tells of it as AWS does, and keeps what is said of its projects.

https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html
https://docs.aws.amazon.com/codebuild/latest/userguide/view-build-details.html#view-build-details-phases
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-codebuild-project.html
"""

from copy import deepcopy
from typing import Any

import pytest

from tests.local_aws.cloudformation.sample_stacks import Stack
from tests.local_aws.codebuild.sample_builds import IMAGE, ROLE, Builds, commands, context, spec, statuses
from tests.local_aws.contracts import call

BEFORE = ["SUBMITTED", "QUEUED", "PROVISIONING", "DOWNLOAD_SOURCE"]
AFTER = ["UPLOAD_ARTIFACTS", "FINALIZING", "COMPLETED"]
SHELLS = ("bash", "sh")


def test_a_good_build_goes_through_every_phase(builds: Builds) -> None:
    build = builds.run("echo built", phases=commands(install=["echo installed"], post_build=["echo done"]))
    assert build["buildStatus"] == "SUCCEEDED"
    assert list(statuses(build)) == [*BEFORE, "INSTALL", "PRE_BUILD", "BUILD", "POST_BUILD", *AFTER]
    assert set(statuses(build).values()) == {"SUCCEEDED", ""}  # COMPLETED has no status
    assert builds.log(build) == ["installed", "built", "done"]


def test_what_is_told_of_a_build_is_in_the_model(builds: Builds) -> None:
    project = builds.project(spec("true"))
    begun = call(builds.client, "StartBuild", projectName=project)["build"]
    builds.ended(begun["id"])
    (build,) = call(builds.client, "BatchGetBuilds", ids=[begun["id"]])["builds"]
    listed = call(builds.client, "ListBuildsForProject", projectName=project)["ids"]
    assert (begun["buildStatus"], build["buildStatus"], listed) == ("IN_PROGRESS", "SUCCEEDED", [begun["id"]])


def test_builds_of_a_project_are_numbered(builds: Builds) -> None:
    project = builds.project(spec("echo $CODEBUILD_BUILD_NUMBER"))
    ended = [builds.ended(builds.start(project)) for _ in range(2)]
    assert [(build["buildNumber"], builds.log(build)) for build in ended] == [(1, ["1"]), (2, ["2"])]


def test_a_failing_command_fails_the_build_and_its_phase_tells_the_status(builds: Builds) -> None:
    """https://docs.aws.amazon.com/codebuild/latest/APIReference/API_PhaseContext.html"""
    build = builds.run("echo before", "(exit 7)", "echo never")
    assert build["buildStatus"] == "FAILED"
    message = "Error while executing command: (exit 7). Reason: exit status 7"
    assert context(build, "BUILD") == ("COMMAND_EXECUTION_ERROR", message)
    assert builds.log(build) == ["before"]


@pytest.mark.parametrize("shell", SHELLS)
def test_variables_functions_and_the_directory_carry_over_from_phase_to_phase(builds: Builds, shell: str) -> None:
    """#build-spec-ref-versions: one instance of the shell runs them all."""
    before = ["one='a  b'", "export two=2", "say() { echo said $1; }", "mkdir -p deep && cd deep"]
    build = builds.run('echo "$one" $two; say so; basename "$PWD"', shell=shell, phases=commands(pre_build=before))
    assert builds.log(build) == ["a  b 2", "said so", "deep"]


@pytest.mark.parametrize("shell", SHELLS)
def test_a_command_that_leaves_the_shell_ends_itself_alone(builds: Builds, shell: str) -> None:
    before = ["""one='it'"'"'s "one"'""", "mkdir -p deep && cd deep", "exit 0"]
    build = builds.run('echo "$one"; basename "$PWD"', shell=shell, phases=commands(pre_build=before))
    assert (build["buildStatus"], builds.log(build)) == ("SUCCEEDED", ['it\'s "one"', "deep"])


def test_a_strict_shell_stays_strict(builds: Builds) -> None:
    build = builds.run("set -e", "false; echo never", phases=commands(post_build=["false; echo never, either"]))
    assert statuses(build)["BUILD"] == statuses(build)["POST_BUILD"] == "FAILED"
    assert builds.log(build) == []


def test_post_build_comes_after_a_failed_build_and_knows(builds: Builds) -> None:
    after = commands(pre_build=["echo $CODEBUILD_BUILD_SUCCEEDING"], post_build=["echo $CODEBUILD_BUILD_SUCCEEDING"])
    build = builds.run("exit 3", phases=after)
    assert (build["buildStatus"], statuses(build)["POST_BUILD"]) == ("FAILED", "SUCCEEDED")
    assert builds.log(build) == ["1", "0"]


@pytest.mark.parametrize("phase", ["install", "pre_build"])
def test_nothing_comes_after_a_failed_install_or_pre_build(builds: Builds, phase: str) -> None:
    build = builds.run("echo never", phases=commands(**{phase: ["false"]}, post_build=["echo never"]))
    assert build["buildStatus"] == "FAILED"
    assert {"BUILD", "POST_BUILD", "UPLOAD_ARTIFACTS"}.isdisjoint(statuses(build))
    assert builds.log(build) == []


def test_on_failure_says_otherwise(builds: Builds) -> None:
    """#build-spec.phases.build.on-failure"""
    goes_on = {"install": {"commands": ["false"], "on-failure": "CONTINUE"}}
    aborts = {"build": {"commands": ["false"], "on-failure": "ABORT"}}
    on = builds.run("echo here", phases=goes_on)
    off = builds.run(phases=aborts | commands(post_build=["echo never"]))
    assert (on["buildStatus"], builds.log(on)) == ("FAILED", ["here"])
    assert "POST_BUILD" not in statuses(off)


def test_finally_comes_whatever_failed_before_it(builds: Builds) -> None:
    """#build-spec.phases.install.finally"""
    phase = {
        "build": {"commands": ["echo one", "false", "echo never"], "finally": ["echo last $CODEBUILD_BUILD_SUCCEEDING"]}
    }
    build = builds.run(phases=phase)
    assert (statuses(build)["BUILD"], builds.log(build)) == ("FAILED", ["one", "last 0"])


def test_the_buildspec_may_be_yaml_and_the_start_may_bring_another(builds: Builds) -> None:
    """https://docs.aws.amazon.com/codebuild/latest/APIReference/API_StartBuild.html"""
    written = "version: 0.2\nphases:\n  build:\n    commands:\n      - |\n        echo one\n        echo two\n"
    project = builds.project(written)
    assert builds.log(builds.ended(builds.start(project))) == ["one", "two"]
    other = builds.ended(builds.start(project, buildspecOverride=written.replace("two", "three")))
    assert builds.log(other) == ["one", "three"]


def test_what_looks_like_a_number_stays_as_it_is_written(builds: Builds) -> None:
    """#build-spec.env.variables: values are texts."""
    written = "version: 0.2\nenv:\n  variables:\n    A: 1.10\n    B: yes\nphases:\n  build:\n    commands: echo $A $B\n"
    assert builds.log(builds.ended(builds.start(builds.project(written)))) == ["1.10 yes"]


def test_every_line_is_in_the_log_group_of_the_project(builds: Builds) -> None:
    """https://docs.aws.amazon.com/codebuild/latest/APIReference/API_CloudWatchLogsConfig.html"""
    config = {"cloudWatchLogs": {"status": "ENABLED", "groupName": "a-group", "streamName": "a-stream"}}
    build = builds.run("seq 300; printf 'no end of line'", "echo after >&2", project={"logsConfig": config})
    unique = build["id"].rpartition(":")[2]
    assert (build["logs"]["groupName"], build["logs"]["streamName"]) == ("a-group", f"a-stream/{unique}")
    assert builds.log(build) == [*map(str, range(1, 301)), "no end of line", "after"]
    notes = [line.split(" ", 3)[3] for line in builds.whole_log(build) if line.startswith("[Container]")]
    assert "Running command echo after >&2" in notes
    assert "Phase complete: BUILD State: SUCCEEDED" in notes


def test_without_one_the_group_is_named_after_the_project(builds: Builds) -> None:
    build = builds.run("true")
    name, _, unique = build["id"].partition(":")
    assert (build["logs"]["groupName"], build["logs"]["streamName"]) == (f"/aws/codebuild/{name}", unique)


def test_three_builds_at_once_do_not_see_each_other(builds: Builds) -> None:
    """Each waits for the two others outside, and writes what only it can see."""
    meeting = builds.aws.folder / "meeting"
    meeting.mkdir()
    wait = f'touch "{meeting}/$NAME"; until [ $(ls "{meeting}" | wc -l) = 3 ]; do sleep 0.05; done'
    project = builds.project(spec('echo $NAME > mine; echo $NAME > "$HOME/mine"', wait, 'cat mine "$HOME/mine"'))
    started = {
        name: builds.start(project, environmentVariablesOverride=[{"name": "NAME", "value": name}]) for name in "abc"
    }
    assert {name: builds.log(builds.ended(build)) for name, build in started.items()} == {
        name: [name, name] for name in "abc"
    }


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
    (view,) = call(builds.client, "BatchGetProjects", names=[stack.physical_id("Project")])["projects"]
    assert view["source"]["buildspec"] == f'{{"version":"0.2","phases":{{"build":{{"commands":["echo {group}"]}}}}}}'
    assert view["environment"]["environmentVariables"] == [{"name": "NAME", "type": "PLAINTEXT", "value": "value"}]
    assert (view["timeoutInMinutes"], view["queuedTimeoutInMinutes"], view["concurrentBuildLimit"]) == (7, 8, 3)
    assert view["cache"] == {"type": "LOCAL", "modes": ["LOCAL_CUSTOM_CACHE"]}
    assert view["logsConfig"] == {"cloudWatchLogs": {"status": "ENABLED", "groupName": group}}
    assert view["secondarySources"] == [{"type": "CODEPIPELINE", "sourceIdentifier": "Code"}]
    assert view["secondaryArtifacts"] == [{"type": "CODEPIPELINE", "artifactIdentifier": "Out"}]


def test_an_update_says_all_of_what_the_project_is(builds: Builds) -> None:
    stack = Stack(builds.aws.client("cloudformation"))
    stack.create(_resources(PROPERTIES))
    left = {key: value for key, value in PROPERTIES.items() if key not in ("Cache", "TimeoutInMinutes")}
    changed = deepcopy(left) | {"QueuedTimeoutInMinutes": 9}
    stack.update(_resources(changed))
    (view,) = builds.client.batch_get_projects(names=[stack.physical_id("Project")])["projects"]
    assert (view.get("cache"), view["timeoutInMinutes"], view["queuedTimeoutInMinutes"]) == (None, 60, 9)


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
    (view,) = builds.client.batch_get_projects(names=[project])["projects"]
    assert (view["cache"], view["logsConfig"]) == (cache, {"cloudWatchLogs": {"status": "DISABLED"}})
    build = builds.ended(builds.start(project))
    assert (build["buildStatus"], "groupName" in build["logs"]) == ("SUCCEEDED", False)


def _resources(properties: dict[str, Any]) -> dict[str, Any]:
    return {"Logs": GROUP, "Project": {"Type": "AWS::CodeBuild::Project", "Properties": properties}}
