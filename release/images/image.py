"""`image` and `registry`: build a version of a component once, under one digest in every repository that is named."""

import json
from base64 import b64decode
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from release.arguments import ComponentName, checked_component, checked_manifest, read_manifest
from release.cli_context import CliContext
from release.images.docker import Docker, DockerError
from release.refusals import failing, refusing
from release_aws.clients import AwsClient

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
        _write(manifest, json.dumps(manifest_of(folder, component, commit or version, digest), indent=2) + "\n")
        if sbom:
            _write(sbom, docker.sbom(f"{repository[0]}@{digest}"))
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


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
