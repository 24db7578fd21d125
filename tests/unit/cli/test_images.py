"""`registry` and `image`: one build, one digest, in every registry; a second run of a job changes nothing."""

import json
import os
import sys
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from release.app import app
from release.cli_context import CliContext
from release.images.image import Docker, DockerError, build_once
from tests.unit.aws.answers import NEW, OLD
from tests.unit.cli.exchange import settings_of_tests

STAGING, PRODUCTION = "1.dkr.ecr.us-west-2.amazonaws.com/client", "2.dkr.ecr.us-west-2.amazonaws.com/client"


class Registries(Docker):
    """Docker with registries of the test's own; a build gives NEW."""

    def __init__(self, there: Mapping[str, str] = MappingProxyType({}), *, loses_copies: bool = False) -> None:
        super().__init__()
        self.tags = {f"{repository}:v1": digest for repository, digest in there.items()}
        self.built: list[str] = []
        self.loses_copies = loses_copies

    def digest(self, reference: str) -> str | None:
        return self.tags.get(reference)

    def build(self, folder: Path, component: str, reference: str) -> str:
        self.built.append(f"{component} in {folder} as {reference}")
        self.tags[reference] = NEW
        return NEW

    def copy(self, source: str, reference: str) -> None:
        repository, _, digest = source.partition("@")
        assert self.tags[f"{repository}:v1"] == digest
        if not self.loses_copies:
            self.tags[reference] = digest


def build(docker: Registries) -> str:
    return build_once(docker, Path("source"), "client", "v1", [STAGING, PRODUCTION])


def test_f7_one_build_is_the_same_digest_in_every_registry() -> None:
    docker = Registries()
    assert build(docker) == NEW
    assert docker.tags == {f"{STAGING}:v1": NEW, f"{PRODUCTION}:v1": NEW}
    assert docker.built == [f"client in source as {STAGING}:v1"]


@pytest.mark.parametrize("there", [{STAGING: OLD}, {PRODUCTION: OLD}, {STAGING: OLD, PRODUCTION: OLD}])
def test_f7_what_is_in_one_registry_is_not_built_again(there: dict[str, str]) -> None:
    docker = Registries(there)
    assert build(docker) == OLD
    assert docker.built == []
    assert docker.tags == {f"{STAGING}:v1": OLD, f"{PRODUCTION}:v1": OLD}


def test_f7_two_digests_under_one_version_are_refused() -> None:
    with pytest.raises(DockerError, match=f"{PRODUCTION}:v1 is {NEW}, but {STAGING}:v1 is {OLD}"):
        build(Registries({STAGING: OLD, PRODUCTION: NEW}))


def test_a_copy_that_did_not_arrive_is_noticed() -> None:
    with pytest.raises(DockerError, match=f"{PRODUCTION}:v1 is None"):
        build(Registries(loses_copies=True))


PROGRAM = f"""#!{sys.executable}
import json, sys
from pathlib import Path
words, here = sys.argv[1:], Path(__file__).parent
told = sys.stdin.read() if words[0] == "login" else ""
with (here / "calls").open("a") as calls:
    calls.write(json.dumps([*words, told]) + "\\n")
tags = here / "tags"
if words[:3] == ["buildx", "imagetools", "inspect"]:
    if not tags.exists():
        sys.exit((here / "refusal").read_text() if (here / "refusal").exists() else f"ERROR: {{words[3]}}: not found")
    print(json.dumps({{"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": "{NEW}"}}))
if "--sbom=true" in words:
    built = (Path(words[-1]) / "Dockerfile").read_text()
    told = Path(words[words.index("--output") + 1].removeprefix("type=local,dest="))
    told.mkdir()
    if not (here / "old").exists():
        (told / "sbom.spdx.json").write_text(json.dumps({{"built": built}}))
elif words[:2] == ["buildx", "build"]:
    if (here / "broken").exists():
        sys.exit("ERROR: failed to solve: process did not complete successfully")
    tags.touch()
    Path(words[words.index("--metadata-file") + 1]).write_text(json.dumps({{"containerimage.digest": "{NEW}"}}))
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `docker` that notes what it is told, and a monorepo."""
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "docker").write_text(PROGRAM)
    (programs / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    (tmp_path / "client").mkdir()
    (tmp_path / "client" / "release.json").write_text('{"component": "client", "schema": {"phase": "none"}}')
    return tmp_path


class Ecr:
    def describe_repositories(self, repositoryNames: list[str], registryId: str = "1") -> Any:  # noqa: N803 - boto's
        uri = f"{registryId}.dkr.ecr.us-west-2.amazonaws.com/{repositoryNames[0]}"
        return {"repositories": [{"repositoryUri": uri}]}

    def get_authorization_token(self) -> Any:
        return {"authorizationData": [{"authorizationToken": b64encode(b"AWS:a-password").decode()}]}


def run(*arguments: str, account: str | None = None) -> Result:
    settings = settings_of_tests(("client",), account=account)
    context = CliContext(settings_of=lambda _environment: settings, clients_in=lambda _region: lambda _service: Ecr())
    return CliRunner().invoke(app, ["-e", "test", *arguments], obj=context, catch_exceptions=False)


def build_by_hand(place: Path, *more: str, component: str = "client") -> Result:
    manifest = place / "out" / "release.json"
    given = ("--source", str(place), "--version", "v1", "--repository", STAGING, "--manifest", str(manifest))
    return run("image", component, *given, *more)


def calls(place: Path) -> list[list[str]]:
    return [json.loads(line) for line in (place / "programs" / "calls").read_text().splitlines()]


def test_the_registry_is_logged_in_to_and_its_repository_printed(place: Path) -> None:
    result = run("registry", "client")
    assert (result.exit_code, result.stdout) == (0, "1.dkr.ecr.us-west-2.amazonaws.com/exchange-test-client\n")
    registry = "1.dkr.ecr.us-west-2.amazonaws.com"
    assert calls(place) == [["login", "--username", "AWS", "--password-stdin", registry, "a-password"]]


def test_the_registry_of_an_environment_in_another_account_is_that_accounts(place: Path) -> None:
    assert run("registry", "client", account="222222222222").stdout.startswith("222222222222.dkr.ecr.")
    assert calls(place)[0][4] == "222222222222.dkr.ecr.us-west-2.amazonaws.com"


def test_a_build_prints_its_digest_and_leaves_its_manifest(place: Path) -> None:
    result = build_by_hand(place)
    assert (result.exit_code, result.stdout) == (0, f"{NEW}\n")
    manifest = json.loads((place / "out" / "release.json").read_text())
    assert manifest == {"component": "client", "schema": {"phase": "none"}, "commit": "v1", "digest": NEW}
    built = next(words for words in calls(place) if words[:2] == ["buildx", "build"])
    assert built[2:6] == ["--platform", "linux/arm64", "--provenance", "false"]
    assert built[-2] == str(place / "client")


def test_the_manifest_names_the_commit_where_the_version_is_another_name(place: Path) -> None:
    assert build_by_hand(place, "--commit", "9f0c2d").exit_code == 0
    assert json.loads((place / "out" / "release.json").read_text())["commit"] == "9f0c2d"
    built = next(words for words in calls(place) if words[:2] == ["buildx", "build"])
    assert built[built.index("--tag") + 1] == f"{STAGING}:v1"


@pytest.mark.parametrize("times", [1, 2])
def test_the_bill_of_materials_is_of_that_digest_whether_built_now_or_before(place: Path, times: int) -> None:
    """https://docs.docker.com/build/metadata/attestations/sbom/: the scanner looks at the last stage."""
    sbom = place / "out" / "sbom" / "client.json"
    for _ in range(times):
        sbom.unlink(missing_ok=True)
        result = build_by_hand(place, "--sbom", str(sbom))
        assert (result.exit_code, result.stdout) == (0, f"{NEW}\n")
    assert json.loads(sbom.read_text()) == {"built": f"FROM {STAGING}@{NEW}\n"}
    builds = [words for words in calls(place) if words[:2] == ["buildx", "build"]]
    assert ["--push" in words for words in builds] == [True, *([False] * times)]


def test_a_builder_that_writes_no_bill_of_materials_is_an_error(place: Path) -> None:
    (place / "programs" / "old").touch()
    result = build_by_hand(place, "--sbom", str(place / "out" / "sbom.json"))
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"has written no sbom.spdx.json of {STAGING}@{NEW}" in result.stderr


@pytest.mark.parametrize(
    ("written", "says"),
    [
        (None, "cannot be read: No such file or directory"),
        ("{", "is not JSON"),
        ("[]", "is not a JSON object"),
        ('{"component": "engine"}', "component is 'engine', the release is of 'client'"),
    ],
)
def test_a_manifest_that_is_none_is_refused_before_anything_is_built(place: Path, written: str, says: str) -> None:
    file = place / "client" / "release.json"
    file.unlink()
    if written is not None:
        file.write_text(written)
    result = build_by_hand(place)
    assert (result.exit_code, says in result.stderr) == (2, True)
    assert not (place / "programs" / "calls").exists()


@pytest.mark.parametrize(
    ("what", "text", "says"),
    [
        ("broken", "", "ended with 1: ERROR: failed to solve"),
        ("refusal", "ERROR: unexpected status from HEAD request: 401 Unauthorized", "401 Unauthorized"),
    ],
)
def test_what_docker_says_is_told(place: Path, what: str, text: str, says: str) -> None:
    (place / "programs" / what).write_text(text)
    result = build_by_hand(place)
    assert (result.exit_code, says in result.stderr) == (1, True)
    assert not (place / "out").exists()


def test_without_docker_it_says_so(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(place))
    result = build_by_hand(place)
    assert (result.exit_code, "there is no program 'docker' here" in result.stderr) == (1, True)


def test_only_components_of_the_chain_have_images(place: Path) -> None:
    result = build_by_hand(place, component="kafka")
    assert (result.exit_code, "unknown component 'kafka'" in result.stderr) == (2, True)
