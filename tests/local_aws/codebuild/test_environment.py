"""What a build finds in its environment.

https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-env-vars.html
"""

import json
import uuid
from pathlib import Path
from typing import Any

import pytest

from local_aws.codebuild import builds as started
from tests.local_aws.codebuild.sample_builds import IMAGE, Builds, context, spec
from tests.local_aws.ecs.sample_services import wait_for
from tests.local_aws.fixtures import GREETER

WHO = (
    "import boto3; session = boto3.Session(); "
    'print(session.get_credentials().method, session.client("sts").get_caller_identity()["Account"])'
)
OF_THE_SHELL = {"PWD", "OLDPWD", "SHLVL", "_"}
OF_THE_AWS = {
    *("AWS_ENDPOINT_URL", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_REGION", "AWS_DEFAULT_REGION"),
    *("AWS_EC2_METADATA_DISABLED", "CDK_DEFAULT_ACCOUNT", "CDK_DEFAULT_REGION", "CDK_HOME", "NO_PROXY"),
    *("PUBLIC_NAMES", "PYTHONPATH", "SSL_CERT_FILE"),  # how names and certificates of load balancers are known
}
OF_THE_BUILD = {
    *("CODEBUILD_BUILD_ARN", "CODEBUILD_BUILD_ID", "CODEBUILD_BUILD_IMAGE", "CODEBUILD_BUILD_NUMBER"),
    *("CODEBUILD_BUILD_SUCCEEDING", "CODEBUILD_INITIATOR", "CODEBUILD_KMS_KEY_ID", "CODEBUILD_LOG_PATH"),
    *("CODEBUILD_SRC_DIR", "CODEBUILD_START_TIME", "CODEBUILD_SOURCE_VERSION"),
}


def test_nothing_of_this_process_is_in_it(builds: Builds, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OURS", "secret")
    build = builds.run("env", env={"variables": {"OWN": "value"}})
    env = _environment(builds, build)
    assert env.keys() - OF_THE_SHELL - OF_THE_BUILD == OF_THE_AWS | {"PATH", "HOME", "TMPDIR", "LC_CTYPE", "OWN"}
    assert env["AWS_ENDPOINT_URL"] == builds.aws.endpoint
    assert Path(env["HOME"]).is_relative_to(builds.aws.folder)


def test_it_tells_the_build_of_itself(builds: Builds) -> None:
    project = builds.project(spec("env", 'pwd; test "$CODEBUILD_SRC_DIR" = "$PWD"'))
    build = builds.ended(builds.start(project, sourceVersion="a-version"))
    env = _environment(builds, build)
    assert build["buildStatus"] == "SUCCEEDED"
    assert {name: env[f"CODEBUILD_{name}"] for name in ("BUILD_ID", "BUILD_ARN", "BUILD_NUMBER", "BUILD_IMAGE")} == {
        "BUILD_ID": build["id"],
        "BUILD_ARN": f"arn:aws:codebuild:us-west-2:000000000000:build/{build['id']}",
        "BUILD_NUMBER": "1",
        "BUILD_IMAGE": IMAGE,
    }
    assert (env["CODEBUILD_SOURCE_VERSION"], env["CODEBUILD_BUILD_SUCCEEDING"]) == ("a-version", "1")
    assert abs(int(env["CODEBUILD_START_TIME"]) / 1000 - build["startTime"].timestamp()) < 1
    assert env["AWS_REGION"] == env["AWS_DEFAULT_REGION"] == "us-west-2"


def test_its_credentials_are_a_containers(builds: Builds) -> None:
    """https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html"""
    build = builds.run(f"python -c '{WHO}'")
    assert builds.log(build) == ["container-role 000000000000"]


def test_it_becomes_another_role_by_a_profile(builds: Builds) -> None:
    """https://docs.aws.amazon.com/sdkref/latest/guide/feature-assume-role-credentials.html"""
    role = "arn:aws:iam::000000000000:role/other"
    profile = f"[profile other]\\nrole_arn = {role}\\ncredential_source = EcsContainer\\n"
    become = f"""printf '{profile}' > "$HOME/config"; export AWS_CONFIG_FILE="$HOME/config" AWS_PROFILE=other"""
    build = builds.run(become, f"python -c '{WHO}'")
    assert builds.log(build) == ["assume-role 000000000000"]


def test_each_build_has_a_fresh_home(builds: Builds) -> None:
    project = builds.project(spec('ls -A "$HOME"; touch "$HOME/left"'))
    first, second = (builds.ended(builds.start(project)) for _ in range(2))
    assert builds.log(first) == builds.log(second) == []
    assert not (builds.aws.folder / "builds" / second["id"].rpartition(":")[2] / "home").exists()


def test_the_start_counts_more_than_the_project_and_that_more_than_the_buildspec(builds: Builds) -> None:
    """#build-spec.env.variables"""
    variables = dict.fromkeys(("ONE", "TWO", "THREE"), "buildspec")
    written = spec("echo $ONE $TWO $THREE", env={"variables": variables})
    project = builds.project(written, variables={"TWO": "project", "THREE": "project"})
    build = builds.start(project, environmentVariablesOverride=[{"name": "THREE", "value": "start"}])
    assert builds.log(builds.ended(build)) == ["buildspec project start"]


def test_exported_variables_are_told_of_the_build(builds: Builds) -> None:
    """#build-spec.env.exported-variables: what the environment holds after post_build; never what begins with AWS_."""
    names = ["DIGEST", "TWO_LINES", "NOT_EXPORTED", "AWS_REGION", "NEVER_SET", "SECRET"]
    said = ["export DIGEST=old TWO_LINES=$'a\\nb'", "NOT_EXPORTED=1", "export DIGEST=sha256:new"]
    secret = _parameter(builds, "secret")
    variables = [{"name": "SECRET", "type": "PARAMETER_STORE", "value": secret}]
    build = builds.run(*said, env={"exported-variables": names}, project={"secret_variables": variables})
    assert build["exportedEnvironmentVariables"] == [
        {"name": "DIGEST", "value": "sha256:new"},
        {"name": "TWO_LINES", "value": "a\nb"},
    ]


def test_parameters_and_secrets_are_read_for_it(builds: Builds) -> None:
    """#build-spec.env.parameter-store; #build-spec.env.secrets-manager: `secret-id:json-key:stage:version`"""
    parameter, secret = _parameter(builds, "of the parameter"), _secret(builds, {"user": "me", "password": "pw"})
    written = spec(
        "echo $P; echo $WHOLE; echo $KEY; echo $BY_ARN; echo $OF_THE_PROJECT",
        env={
            "parameter-store": {"P": parameter},
            "secrets-manager": {
                "WHOLE": secret["Name"],
                "KEY": f"{secret['Name']}:user",
                "BY_ARN": f"{secret['ARN']}:password:AWSCURRENT",
            },
        },
    )
    own = [{"name": "OF_THE_PROJECT", "type": "SECRETS_MANAGER", "value": f"{secret['Name']}:password"}]
    build = builds.ended(builds.start(builds.project(written, secret_variables=own)))
    assert builds.log(build) == ["of the parameter", '{"user": "me", "password": "pw"}', "me", "pw", "pw"]


@pytest.mark.parametrize(
    ("kind", "reference", "code", "said"),
    [
        ("parameter-store", "/nowhere", "Decrypted Variables Error", "parameter does not exist: /nowhere"),
        ("secrets-manager", "nowhere", "Secrets Manager Error", "ResourceNotFoundException"),
    ],
)
def test_what_is_not_there_fails_the_build_before_any_command(
    builds: Builds, kind: str, reference: str, code: str, said: str
) -> None:
    build = builds.run("echo never", env={kind: {"VALUE": reference}})
    code_and_message = context(build, "DOWNLOAD_SOURCE")
    assert (build["buildStatus"], code_and_message[0], said in code_and_message[1]) == ("FAILED", code, True)
    assert builds.log(build) == []


def test_a_build_of_a_pipeline_finds_its_sources(builds: Builds, tmp_path: Path) -> None:
    """https://docs.aws.amazon.com/codebuild/latest/userguide/sample-multi-in-out.html, as CodePipeline starts it."""
    sources = started.Sources(
        _folder(tmp_path / "one", "buildspec.yml", "name"), {"Code": _folder(tmp_path / "two", "code")}
    )
    written = spec('cat name "$CODEBUILD_SRC_DIR_Code/code"', "echo $CODEBUILD_INITIATOR $NAME", "echo changed > name")
    (sources.primary / "buildspec.yml").write_text(json.dumps(written))
    project = builds.project("", source="CODEPIPELINE", variables={"NAME": "project"})
    variables = [{"name": "NAME", "value": "pipeline", "type": "PLAINTEXT"}]
    build = started.start(project, sources, variables=variables, initiator="codepipeline/mine")
    ended = wait_for(lambda: started.described(build), lambda seen: seen["buildComplete"])
    assert builds.log(ended) == ["name", "code", "codepipeline/mine pipeline"]
    assert (sources.primary / "name").read_text() == "name\n"  # it works in a copy


def test_a_buildspec_that_is_not_in_the_source_is_missed(builds: Builds, tmp_path: Path) -> None:
    sources = started.Sources(_folder(tmp_path / "one", "name"), {})
    build = started.start(builds.project("no/such.yml", source="CODEPIPELINE"), sources, initiator="codepipeline/mine")
    code_and_message = context(builds.ended(build), "DOWNLOAD_SOURCE")
    assert code_and_message[0] == "YAML_FILE_ERROR"
    assert code_and_message[1].endswith("/no/such.yml: no such file or directory")


def test_a_full_clone_tells_its_commit(builds: Builds, tmp_path: Path) -> None:
    clone = _folder(tmp_path / "clone", "name")
    git = f'cd "{clone}" && git init -q && git add . && git -c user.name=a -c user.email=a@b commit -qm one'
    assert builds.run(git)["buildStatus"] == "SUCCEEDED"
    project = builds.project(spec("git rev-parse HEAD; echo $CODEBUILD_RESOLVED_SOURCE_VERSION"), source="CODEPIPELINE")
    build = builds.ended(started.start(project, started.Sources(clone, {}), initiator="codepipeline/mine"))
    assert builds.log(build) == [build["resolvedSourceVersion"]] * 2
    assert len(build["resolvedSourceVersion"]) == 40


def test_there_is_no_build_of_a_project_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(
        LookupError, match="Project cannot be found: arn:aws:codebuild:us-west-2:000000000000:project/none"
    ):
        started.start("none", started.Sources(tmp_path, {}), initiator="codepipeline/mine")
    with pytest.raises(LookupError, match="Build cannot be found: none:1"):
        started.described("none:1")


def _environment(builds: Builds, build: dict[str, Any]) -> dict[str, str]:
    return dict(line.split("=", 1) for line in builds.log(build) if "=" in line)


def _folder(folder: Path, *files: str) -> Path:
    folder.mkdir()
    for name in files:
        (folder / name).write_text(f"{name}\n")
    return folder


def _parameter(builds: Builds, value: str) -> str:
    name = f"/test/{uuid.uuid4().hex[:8]}"
    builds.aws.client("ssm").put_parameter(Name=name, Value=value, Type="SecureString")
    return name


def _secret(builds: Builds, value: dict[str, str]) -> dict[str, str]:
    name = f"secret-{uuid.uuid4().hex[:8]}"
    made: dict[str, str] = builds.aws.client("secretsmanager").create_secret(Name=name, SecretString=json.dumps(value))
    return made


def test_programs_that_the_local_aws_was_given_are_first_in_the_path(builds: Builds) -> None:
    build = builds.run(f"{GREETER} > said; cat said")
    assert build["buildStatus"] == "SUCCEEDED", builds.log(build)
    assert f"hello from {GREETER}" in builds.log(build)
