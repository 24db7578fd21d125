"""How `registry` and `image` are typed."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from release.arguments import checked_component
from release.display import Display
from release.images.docker import Docker, DockerError
from release.images.image import manifest_of, one_image
from release.images.repository import log_in
from release.outcomes import NOT_RELEASED, refusing

Component = Annotated[str, typer.Argument(help="The component.")]
Source = Annotated[Path, typer.Option(metavar="FOLDER", help="The monorepo, checked out.")]
Version = Annotated[str, typer.Option(metavar="COMMIT", help="The tag, and the commit in the manifest.")]
Repositories = Annotated[list[str], typer.Option("--repository", metavar="URI", help="What `registry` has said.")]
Manifest = Annotated[Path, typer.Option(metavar="FILE", help="The release.json to be written.")]


def registry(context: typer.Context, component: Component) -> None:
    """Log Docker in to the environment's registry, and print the URI of the component's repository."""
    display = _display()
    with _refusing(display):
        settings = context.obj.settings()
        checked_component(component, settings.chain)
        name = settings.adopt.repositories.get(component) or settings.stack_name(component)
        display.raw(log_in(Docker(), context.obj.around.clients(settings.region)("ecr"), name))


def image(
    context: typer.Context,
    component: Component,
    *,
    source: Source,
    version: Version,
    repository: Repositories,
    manifest: Manifest,
) -> None:
    """Build a component's image once, push it to every repository, write its manifest, and print the digest."""
    display = _display()
    with _refusing(display):
        settings = context.obj.settings()
        folder = source / settings.components[checked_component(component, settings.chain)].path
        manifest_of(folder, component, version, "")  # before anything is built
        digest = one_image(Docker(), folder, component, version, repository)
        manifest.parent.mkdir(parents=True, exist_ok=True)
        manifest.write_text(json.dumps(manifest_of(folder, component, version, digest), indent=2) + "\n")
        display.raw(digest)


def add_to(app: typer.Typer) -> None:
    """Both, to the command line."""
    app.command("registry")(registry)
    app.command("image")(image)


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
