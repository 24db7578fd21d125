"""What the pipeline's projects run, run: with stand-ins for the commands, in a shell as CodeBuild's."""

import json
import os
import stat
import subprocess
import sys
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]

from tests.infra.exchange import PIPELINE, Json, exchange

DIGEST = f"sha256:{'a' * 64}"
# Notes how it was called, and with which profile; answers as the commands do, unless it is to fail.
PROGRAM = f"""#!{sys.executable}
import json, os, sys
name, words = os.path.basename(sys.argv[0]), sys.argv[1:]
with open("said.jsonl", "a") as said:
    said.write(json.dumps([name, *words, os.environ.get("AWS_PROFILE", "")]) + "\\n")
doing = next((word for word in words if word in os.environ.get("FAILING", "none").split()), None)
if doing:
    sys.exit(7)
if "--manifest" in words:
    manifest = words[words.index("--manifest") + 1]
    os.makedirs(os.path.dirname(manifest))
    open(manifest, "w").write('{{\\n  "component": "client"\\n}}\\n')
answers = {{"version": "v-1", "image": "{DIGEST}", "address": "https://exchange.example.com"}}
if "registry" in words:
    print(words[3] + ".registry/" + words[5])
print(next((answer for word, answer in answers.items() if word in words), ""), end="")
"""


@dataclass(frozen=True)
class BuildRun:
    """How a phase ended. `said` are the calls of commands; `profiles` are the AWS profiles that they had."""

    code: int
    said: list[str]
    profiles: set[str]
    exported: str
    folder: Path


# By a process of its own: what is a variable of the shell alone, CodeBuild does not hand on.
_EXPORTED = """sh -c 'echo "$VERSION $IMAGE_DIGEST $MANIFEST"' > exported"""


def spec_of(logical: str) -> Json:
    projects = exchange(PIPELINE).resources("pipeline", "CodeBuild::Project").items()
    [text] = [project["Properties"]["Source"]["BuildSpec"] for id_, project in projects if id_.startswith(logical)]
    spec: Json = yaml.safe_load(text)
    return spec


def run(logical: str, phase: str, folder: Path, variables: Mapping[str, str], failing: str = "") -> BuildRun:
    """Run the commands of one phase in one shell, as long as each succeeds."""
    tools = folder / ".venv" / "bin"
    tools.mkdir(parents=True)
    for name in ("python", "make", "docker"):
        (tools / name).write_text(PROGRAM)
        (tools / name).chmod(stat.S_IRWXU)
    script = "\n".join([*spec_of(logical)["phases"][phase]["commands"], _EXPORTED])
    environment = {"PATH": f"{tools}:{os.environ['PATH']}", "FAILING": failing, **variables}
    done = subprocess.run(["bash", "-c", script], cwd=folder, env=environment, check=False)  # noqa: S603, S607
    lines = (folder / "said.jsonl").read_text().splitlines() if (folder / "said.jsonl").exists() else []
    calls = [json.loads(line) for line in lines]
    exported = (folder / "exported").read_text().strip() if (folder / "exported").exists() else ""
    return BuildRun(
        done.returncode, [" ".join(call[:-1]) for call in calls], {call[-1] for call in calls}, exported, folder
    )


BUILD = {
    "COMPONENT": "client",
    "ENVIRONMENT": "prod2",
    "PLACES": "prod2 staging",
    "COMMIT": "c0ffee",
    "CODEBUILD_SRC_DIR_Source": "/a/mono repo",
}
ACCEPT = {
    "ENVIRONMENT": "staging",
    "ENVIRONMENT_ROLE": "arn:aws:iam::111122223333:role/a",
    "EXECUTION": "e-1",
    "DIGESTS": "a=x b=y",
}
RELEASE = "python -m release -e"
RUNNING = f"{RELEASE} staging running a=x b=y"


def test_a_build_asks_for_the_version_and_builds_for_both_environments_what_has_it(tmp_path: Path) -> None:
    done = run("BuildClient", "build", tmp_path, BUILD)
    assert done.said == [
        f"{RELEASE} prod2 version client --source /a/mono repo",
        f"{RELEASE} prod2 registry client",
        f"{RELEASE} staging registry client",
        f"{RELEASE} prod2 image client --source /a/mono repo --version v-1 --commit c0ffee "
        "--repository prod2.registry/client --repository staging.registry/client "
        "--manifest build/pipeline/release.json --sbom build/pipeline/sbom.spdx.json",
    ]
    version, digest, manifest = done.exported.split(" ")
    assert (done.code, version, digest) == (0, "v-1", DIGEST)
    assert json.loads(b64decode(manifest)) == {"component": "client"}


def test_what_a_build_exports_and_leaves_is_what_the_pipeline_takes_from_it() -> None:
    spec = spec_of("BuildClient")
    assert spec["env"] == {"shell": "bash", "exported-variables": ["VERSION", "IMAGE_DIGEST", "MANIFEST"]}
    assert spec["artifacts"] == {"base-directory": "build/pipeline", "files": ["**/*"]}


@pytest.mark.parametrize("failing", ["version", "registry", "image"])
def test_a_build_ends_with_the_first_command_that_fails(tmp_path: Path, failing: str) -> None:
    done = run("BuildClient", "build", tmp_path, BUILD, failing)
    assert done.code == 7
    assert f" {failing} " in f"{done.said[-1]} "
    assert done.exported == ""


def test_a_builder_that_can_attest_is_made_where_images_are_built_alone(tmp_path: Path) -> None:
    assert run("BuildClient", "install", tmp_path, {}).said == ["make setup", "docker buildx create --use"]
    assert len(spec_of("BuildScan")["phases"]["install"]["commands"]) == 1


def test_nothing_is_done_where_the_set_up_has_failed(tmp_path: Path) -> None:
    assert run("BuildScan", "install", tmp_path, {}, failing="setup").code == 7


def test_what_was_fetched_is_kept_for_the_next_build() -> None:
    assert spec_of("BuildClient")["cache"] == {"paths": [".cache/**/*"]}


def test_the_scan_is_asked_for_each_digest(tmp_path: Path) -> None:
    done = run("BuildScan", "build", tmp_path, {"ENVIRONMENT": "prod2", "DIGESTS": "backend=x client=y"})
    assert (done.code, done.said) == (0, [f"{RELEASE} prod2 scan backend=x client=y"])


def test_a_finding_that_blocks_ends_the_scan(tmp_path: Path) -> None:
    assert run("BuildScan", "build", tmp_path, {"ENVIRONMENT": "p", "DIGESTS": "backend=x"}, "scan").code == 7


@pytest.mark.parametrize("half", ["Staging", "Production"])
def test_the_infrastructure_is_deployed_as_the_environments_role(tmp_path: Path, half: str) -> None:
    """https://docs.aws.amazon.com/sdkref/latest/guide/feature-assume-role-credentials.html"""
    done = run(f"{half}ProjectsInfrastructure", "build", tmp_path, ACCEPT)
    assert (done.code, done.said) == (0, [f"{RELEASE} staging infrastructure"])
    assert done.profiles == {"environment"}
    assert (tmp_path / "aws-config").read_text().splitlines() == [
        "[profile environment]",
        "role_arn = arn:aws:iam::111122223333:role/a",
        "credential_source = EcsContainer",
    ]


def test_what_works_together_stays(tmp_path: Path) -> None:
    done = run("StagingProjectsAcceptance", "build", tmp_path, ACCEPT | {"MARKET": "TEST-USD"})
    acceptance = "make acceptance URL=https://exchange.example.com MARKET=TEST-USD"
    assert (done.code, done.said) == (0, [RUNNING, f"{RELEASE} staging address", acceptance])


def test_what_does_not_work_together_is_undone_and_the_stage_fails_all_the_same(tmp_path: Path) -> None:
    done = run("StagingProjectsAcceptance", "build", tmp_path, ACCEPT, failing="acceptance")
    assert done.said[-1] == f"{RELEASE} staging unwind --requested-by pipeline:e-1"
    assert done.profiles == {"environment"}
    assert done.code == 1


def test_an_unwinding_that_fails_fails_the_stage_too(tmp_path: Path) -> None:
    done = run("StagingProjectsAcceptance", "build", tmp_path, ACCEPT, failing="acceptance unwind")
    assert done.code == 7


def test_an_environment_without_an_address_is_not_unwound(tmp_path: Path) -> None:
    """Nobody has asked it: that is no finding about what was released."""
    done = run("StagingProjectsAcceptance", "build", tmp_path, ACCEPT, failing="address")
    assert (done.code, done.said) == (7, [RUNNING, f"{RELEASE} staging address"])


def test_what_was_undone_is_not_asked_again_in_the_name_of_what_it_was(tmp_path: Path) -> None:
    """A stage that is retried would find the former versions well, and let the execution go on to production."""
    done = run("StagingProjectsAcceptance", "build", tmp_path, ACCEPT, failing="running")
    assert (done.code, done.said) == (7, [RUNNING])
