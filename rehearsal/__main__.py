"""python -m rehearsal: plays the tour, or one story."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from rehearsal.commands import ROOT
from rehearsal.stories import STORIES, TOUR
from rehearsal.tour import Tour
from settings.loading import SettingsError, load_settings

FOLDER = ROOT / "build" / "rehearsal"


def main(
    speed: Annotated[float, typer.Option(min=1, help="How many times faster than AWS every waiting is.")] = 60,
    story: Annotated[str | None, typer.Option(help=f"Play this one only: {', '.join(STORIES)}.")] = None,
    environment: Annotated[str, typer.Option(help="Whose templates are deployed.")] = "prod2",
    keep: Annotated[bool, typer.Option("--keep", help="Leave it running at the end, until Enter.")] = False,
    folder: Annotated[Path, typer.Option(help="Where it leaves summary.json and report.html.")] = FOLDER,
) -> None:
    """Deploys every stack to a local AWS, releases good and bad versions under users' traffic, and says what held."""
    if story is not None and story not in STORIES:
        raise typer.BadParameter(f"{story!r} is none of {', '.join(STORIES)}", param_hint="--story")
    _check(environment)
    stories = TOUR if story is None else (story,) if STORIES[story].pushes else tuple(dict.fromkeys((TOUR[0], story)))
    tour = Tour(environment, stories=stories, speed=speed, folder=folder.resolve(), console=Console())
    if not tour.run(keep=keep):
        raise typer.Exit(1)


def _check(environment: str) -> None:
    """Refuse settings that are wrong before anything is started."""
    try:
        load_settings(environment)
    except SettingsError as error:
        raise typer.BadParameter(str(error), param_hint="--environment") from error


if __name__ == "__main__":
    typer.run(main)
