"""`diff`: synthesizes the base and the present tree, compares, and says what a reviewer has to know."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from release.account import explain
from release.display import Display
from release.review.acknowledgements import Acknowledged, read_acknowledgements
from release.review.changes import StackChange
from release.review.cost import list_prices
from release.review.deployed import Deployed, NotToldError
from release.review.document import as_document
from release.review.drift import Drift, look_for_drift
from release.review.engine import Pair
from release.review.errors import DiffError
from release.review.markdown import LIMIT, render
from release.review.propagation import compare_together
from release.review.request import Request
from release.review.review import Review, Setting, review
from release.review.synths import Synths, synthesize
from release.review.terminal import show
from release.surroundings import Desk
from release_aws.clients import AwsClient
from settings.loading import Settings, SettingsError

FAILED = 1


def run(desk: Desk, display: Display, console: Console, request: Request) -> None:
    """Ends with the exit code that the verdict is; 1 when there is none."""
    with failing(display):
        done = look(desk, request)
        write(done, request)
    show(done, console)
    raise typer.Exit(int(done.risk))


@contextmanager
def failing(display: Display) -> Iterator[None]:
    """What stands in the way is said, and is no verdict."""
    try:
        yield
    except (DiffError, SettingsError) as error:
        display.refuse(str(error))
        raise typer.Exit(FAILED) from error
    except (BotoCoreError, ClientError) as error:
        display.refuse(explain(error))
        raise typer.Exit(FAILED) from error


def look(desk: Desk, request: Request) -> Review:
    """The review of an environment. AWS is asked only for what the request wants of it."""
    settings = desk.settings()
    acknowledged = _acknowledged(request.description)
    synths = synthesize(request.root, request.base, settings.environment)
    notes = list(synths.notes)
    pairs = list(pairs_of(synths))
    client = desk.around.clients(settings.region)("cloudformation") if request.change_set or request.drift else None
    if client and request.change_set:
        pairs = [_as_deployed(Deployed(client, desk.around.pause), pair, notes) for pair in pairs]
    stacks = compare_together(pairs)
    drift = _drift(client, stacks, desk) if client and request.drift else None
    setting = _setting(settings, request.base)
    return review(
        setting,
        stacks,
        prices=list_prices(),
        acknowledged=acknowledged,
        templates=synths.head.templates,
        drift=drift,
        notes=notes,
    )


def pairs_of(synths: Synths) -> Iterator[Pair]:
    """In the order of deployment; stacks that go come last."""
    base, head = synths.base.templates, synths.head.templates
    yield from (Pair(name, base.get(name), template) for name, template in head.items())
    yield from (Pair(name, template, None) for name, template in base.items() if name not in head)


def write(done: Review, request: Request) -> None:
    """The files that were asked for. A comment that had to be cut has its whole text beside it."""
    if request.json:
        _write(request.json, json.dumps(as_document(done), indent=2) + "\n")
    if request.markdown:
        whole, comment = render(done, limit=None), render(done, limit=LIMIT)
        _write(request.markdown, comment)
        beside = request.markdown.with_suffix(".full.md")
        beside.unlink(missing_ok=True)
        if whole != comment:
            _write(beside, whole)


def _write(file: Path, text: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise DiffError(f"{file} cannot be written: {error.strerror}") from error


def _acknowledged(description: Path | None) -> Acknowledged:
    if description is None:
        return Acknowledged()
    try:
        return read_acknowledgements(description.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise DiffError(f"--description {description} cannot be read: {error}") from error


def _as_deployed(deployed: Deployed, pair: Pair, notes: list[str]) -> Pair:
    """What is deployed takes the place of the base: it is what the change would meet."""
    try:
        old = deployed.template(pair.name)
        wanted = old is not None and pair.new is not None and old != pair.new
        change_set = deployed.change_set(pair.name, pair.new or {}) if wanted else None
    except NotToldError as reason:
        notes.append(f"{pair.name}: no change set: {reason}; compared with the base's template")
        return pair
    return Pair(pair.name, old, pair.new, change_set)


def _drift(client: AwsClient, stacks: Sequence[StackChange], desk: Desk) -> Drift:
    return look_for_drift(client, [stack.name for stack in stacks if stack.old is not None], desk.around.pause)


def _setting(settings: Settings, base: str) -> Setting:
    chain = {settings.stack_name(component): component for component in settings.chain}
    return Setting(settings.environment, settings.region, base, chain)
