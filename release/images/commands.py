"""How `version`, `registry` and `image` are typed."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from release.arguments import checked_component
from release.display import Display
from release.images.content import content_version, part_of
from release.images.docker import Docker, DockerError
from release.images.image import manifest_of, one_image
from release.images.repository import log_in
from release.outcomes import NOT_RELEASED, refusing

Component = Annotated[str, typer.Argument(help="The component.")]
Source = Annotated[Path, typer.Option(metavar="FOLDER", help="The monorepo, checked out.")]
Version = Annotated[str, typer.Option(help="The tag; what `version` says, or the commit.")]
Commit = Annotated[str | None, typer.Option(help="The commit that the manifest names; the version when left out.")]
Repositories = Annotated[list[str], typer.Option("--repository", metavar="URI", help="What `registry` has said.")]
Manifest = Annotated[Path, typer.Option(metavar="FILE", help="The release.json to be written.")]
Sbom = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Write there what the image of that digest consists of, as SPDX.")
]


def registry(context: typer.Context, component: Component) -> None:
    """Log Docker in to the environment's registry, and print the URI of the component's repository."""
    display = _display()
    with _refusing(display):
        settings = context.obj.settings()
        checked_component(component, settings.chain)
        name = settings.repository_name(component)
        ecr = context.obj.around.clients(settings.region)("ecr")
        display.raw(log_in(Docker(), ecr, name, settings.account))


def version(context: typer.Context, component: Component, *, source: Source) -> None:
    """Print what names the component's content in the commit that is checked out; other commits may have the same."""
    display = _display()
    with _refusing(display):
        settings = context.obj.settings()
        folders = {name: one.path for name, one in settings.components.items()}
        part = part_of(checked_component(component, settings.chain), folders, settings.pipeline.ignored_paths)
        display.raw(content_version(source, part))


def image(
    context: typer.Context,
    component: Component,
    *,
    source: Source,
    version: Version,
    repository: Repositories,
    manifest: Manifest,
    commit: Commit = None,
    sbom: Sbom = None,
) -> None:
    """Build a component's image once, push it to every repository, write its manifest, and print the digest."""
    display = _display()
    with _refusing(display):
        settings = context.obj.settings()
        folder = source / settings.components[checked_component(component, settings.chain)].path
        manifest_of(folder, component, commit or version, "")  # before anything is built
        docker = Docker()
        digest = one_image(docker, folder, component, version, repository)
        _write(manifest, json.dumps(manifest_of(folder, component, commit or version, digest), indent=2) + "\n")
        if sbom:
            _write(sbom, docker.sbom(f"{repository[0]}@{digest}"))
        display.raw(digest)


def add_to(app: typer.Typer) -> None:
    """All of them, to the command line."""
    app.command("version")(version)
    app.command("registry")(registry)
    app.command("image")(image)


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


@contextmanager
def _refusing(display: Display) -> Iterator[None]:
    with refusing(display):
        try:
            yield
        except DockerError as error:
            display.refuse(str(error))
            raise typer.Exit(NOT_RELEASED) from error


def _display() -> Display:
    return Display(Console(highlight=False), Console(stderr=True, highlight=False))
