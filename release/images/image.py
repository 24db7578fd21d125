"""`image` and `registry`: build a version of a component once, under one digest in every repository that is named.

`Docker` runs the builds: https://docs.docker.com/reference/cli/docker/buildx/
"""

import json
import subprocess
import tempfile
from base64 import b64decode
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from release.cli_context import CliContext
from release.command_line import (
    ComponentName,
    checked_component,
    checked_manifest,
    failing,
    read_manifest,
    refusing,
    write_file,
)
from release_aws.clients import AwsClient

PLATFORM = "linux/arm64"
_TAIL = 20
_SBOM = "sbom.spdx.json"


class DockerError(RuntimeError):
    """Says which command failed, with the end of its output."""


class Docker:
    """Runs Docker's command line client `program`, which must know buildx with the docker-container driver."""

    def __init__(self, program: str = "docker") -> None:
        self._program = program

    def log_in(self, registry: str, password: str) -> None:
        """Log in with the password, which goes by standard input: no list of processes shows that."""
        self._run("login", "--username", "AWS", "--password-stdin", registry, typed=password)

    def digest(self, reference: str) -> str | None:
        """Return the digest that a tag stands for in its registry; None when the registry has no such tag."""
        arguments = ("buildx", "imagetools", "inspect", reference, "--format", "{{json .Manifest}}")
        done = self._ended(arguments)
        if done.returncode == 0:
            return str(json.loads(done.stdout)["digest"])
        if "not found" in done.stderr:
            return None
        raise self._failed(arguments, done)

    def build(self, folder: Path, component: str, reference: str) -> str:
        """Build the Dockerfile of a folder, push it, and return the digest of the image alone: no attestations."""
        with tempfile.TemporaryDirectory() as temporary:
            metadata = Path(temporary) / "metadata.json"
            self._run(
                *("buildx", "build", "--platform", PLATFORM, "--provenance", "false", "--push"),
                *("--build-arg", f"COMPONENT={component}", "--tag", reference),
                *("--metadata-file", str(metadata), str(folder)),
            )
            return str(json.loads(metadata.read_text())["containerimage.digest"])

    def sbom(self, image: str) -> str:
        """Return what an image consists of, as SPDX in JSON.

        `image` names the image by its digest, and is not built again: BuildKit's scanner looks at the last stage of a
        build, which here is nothing but that image:
        https://docs.docker.com/build/metadata/attestations/sbom/
        """
        with tempfile.TemporaryDirectory() as folder:
            context, out = Path(folder, "context"), Path(folder, "out")
            context.mkdir()
            (context / "Dockerfile").write_text(f"FROM {image}\n")
            self._run(
                *("buildx", "build", "--platform", PLATFORM, "--provenance=false", "--sbom=true"),
                *("--output", f"type=local,dest={out}", str(context)),
            )
            written = out / _SBOM
            if not written.is_file():
                raise DockerError(
                    f"{self._program} has written no {_SBOM} of {image}: does its builder know BuildKit 0.11?"
                )
            return written.read_text(encoding="utf-8")

    def copy(self, source: str, reference: str) -> None:
        """Copy an image, bit by bit, to a tag of another repository."""
        self._run("buildx", "imagetools", "create", "--prefer-index=false", "--tag", reference, source)

    def _run(self, *arguments: str, typed: str = "") -> None:
        done = self._ended(arguments, typed)
        if done.returncode:
            raise self._failed(arguments, done)

    def _ended(self, arguments: Sequence[str], typed: str = "") -> "subprocess.CompletedProcess[str]":
        command = [self._program, *arguments]
        try:
            return subprocess.run(command, input=typed, capture_output=True, text=True, check=False)  # noqa: S603
        except FileNotFoundError as error:
            raise DockerError(f"there is no program {self._program!r} here: images are built by Docker") from error

    def _failed(self, arguments: Sequence[str], done: "subprocess.CompletedProcess[str]") -> DockerError:
        end = "\n".join(done.stderr.strip().splitlines()[-_TAIL:])
        return DockerError(f"{self._program} {' '.join(arguments)} ended with {done.returncode}: {end}")


Source = Annotated[Path, typer.Option(metavar="FOLDER", help="The monorepo, checked out.")]
Version = Annotated[str, typer.Option(help="The tag; what `version` says, or the commit.")]
Commit = Annotated[str | None, typer.Option(help="The commit that the manifest names; the version when left out.")]
Repositories = Annotated[list[str], typer.Option("--repository", metavar="URI", help="What `registry` has said.")]
ManifestFile = Annotated[Path, typer.Option(metavar="FILE", help="The release.json to be written.")]
Sbom = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Write there what the image of that digest consists of, as SPDX.")
]


def registry(context: typer.Context, component: ComponentName) -> None:
    """Log Docker in to the environment's registry, and print the URI of the component's repository."""
    cli: CliContext = context.obj
    with refusing(cli.display), failing(cli.display, DockerError):
        settings = cli.settings()
        name = settings.repository_name(checked_component(component, settings.chain))
        ecr = cli.clients_in(settings.region)("ecr")
        cli.display.raw(log_in(Docker(), ecr, name, settings.account))


def image(
    context: typer.Context,
    component: ComponentName,
    *,
    source: Source,
    version: Version,
    repository: Repositories,
    manifest: ManifestFile,
    commit: Commit = None,
    sbom: Sbom = None,
) -> None:
    """Build a component's image once, push it to every repository, write its manifest, and print the digest."""
    cli: CliContext = context.obj
    with refusing(cli.display), failing(cli.display, DockerError):
        settings = cli.settings()
        folder = source / settings.components[checked_component(component, settings.chain)].path
        manifest_of(folder, component, commit or version, "")  # before anything is built
        docker = Docker()
        digest = build_once(docker, folder, component, version, repository)
        write_file(manifest, json.dumps(manifest_of(folder, component, commit or version, digest), indent=2) + "\n")
        if sbom:
            write_file(sbom, docker.sbom(f"{repository[0]}@{digest}"))
        cli.display.raw(digest)


def log_in(docker: Docker, ecr: AwsClient, name: str, account: str | None) -> str:
    """Let Docker push to a repository for some hours, and return the repository's URI.

    `account` is whose registry it is; None is the caller's own. The token is "AWS:password", in base64, for every
    registry that lets the caller in:
    https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetAuthorizationToken.html
    """
    registry_id = {"registryId": account} if account else {}
    repositories = ecr.describe_repositories(repositoryNames=[name], **registry_id)["repositories"]
    uri = str(repositories[0]["repositoryUri"])
    token = ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]
    docker.log_in(uri.partition("/")[0], b64decode(token).decode().partition(":")[2])
    return uri


def build_once(docker: Docker, folder: Path, component: str, version: str, repositories: Sequence[str]) -> str:
    """Build a version, have it in every repository, and return its digest.

    What is there is not built again: tags are immutable, and a job may be run a second time.
    """
    digests = {repository: docker.digest(f"{repository}:{version}") for repository in repositories}
    source = next((repository for repository, digest in digests.items() if digest), repositories[0])
    digest = digests[source] = digests[source] or docker.build(folder, component, f"{source}:{version}")
    for repository, present in digests.items():
        reference = f"{repository}:{version}"
        if present is None:
            docker.copy(f"{source}@{digest}", reference)
        if (now := present or docker.digest(reference)) != digest:
            raise DockerError(f"{reference} is {now}, but {source}:{version} is {digest}: build another version")
    return digest


def manifest_of(folder: Path, component: str, commit: str, digest: str) -> Mapping[str, Any]:
    """Return the component's `release.json`, with what only its build knows (docs/contracts.md)."""
    template = folder / "release.json"
    manifest = read_manifest(template, component) | {"commit": commit, "digest": digest}
    return checked_manifest(manifest, template, component, digest)
