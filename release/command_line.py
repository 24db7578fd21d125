"""Holds what every command does alike: it reads what was typed, refuses in plain words, and ends when it is told to.

Reading is strict: a release that was misunderstood is worse than none. What starts other programs finds here which
tools these use, and what a signal does to us and them.
"""

import json
import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

import botocore.exceptions as aws
import typer
from botocore.exceptions import BotoCoreError, ClientError

from release.cli_context import NotDeployedError
from release.progress import Display
from release_aws.clients import error_code
from release_engine.model import digest_problem, manifest_problems
from settings.loading import SettingsError

Manifest = Mapping[str, Any]

Targets = Annotated[list[str] | None, typer.Argument(metavar="COMPONENT=DIGEST...", help="In any order.")]
ComponentName = Annotated[str, typer.Argument(metavar="COMPONENT", help="The component.")]
Json = Annotated[bool, typer.Option("--json", help="For tools.")]


class InputError(ValueError):
    """Says why what was typed cannot be done, and what is expected."""


def parse_targets(words: Sequence[str], chain: Sequence[str]) -> dict[str, str]:
    """Map components to digests, in the order in which they go out, from `component=digest` words in any order."""
    if not words:
        forms = " ".join(f"{component}=sha256:…" for component in chain)
        raise InputError(f"nothing to release: name one or more of {forms}")
    digests: dict[str, str] = {}
    for word in words:
        component, digest = _pair(word, chain, "sha256:…")
        if component in digests:
            raise InputError(f"{component} is named twice: {digests[component]} and {digest}")
        if problem := digest_problem(digest):
            raise InputError(f"{component}: {problem}")
        digests[component] = digest
    return {component: digests[component] for component in chain if component in digests}


def parse_manifests(words: Sequence[str], targets: Mapping[str, str]) -> dict[str, Manifest]:
    """Map components to manifests, from `component=path` words; each must fit the digest that it goes out with."""
    manifests: dict[str, Manifest] = {}
    for word in words:
        component, value = _pair(word, list(targets), "release.json")
        if component in manifests:
            raise InputError(f"{component} has two manifests: one is {value}")
        path = Path(value)
        manifest = read_manifest(path, component)
        manifests[component] = checked_manifest(manifest, path, component, targets[component])
    return manifests


def checked_component(name: str, chain: Sequence[str]) -> str:
    """Return the name of a component; raises InputError where there is none of this name."""
    if name not in chain:
        raise InputError(f"unknown component {name!r}: there are {', '.join(chain)}")
    return name


def checked_digest(digest: str) -> str:
    """Return the digest; raises InputError for a tag, which may come to mean another image."""
    if problem := digest_problem(digest):
        raise InputError(problem)
    return digest


def read_manifest(path: Path, component: str) -> dict[str, Any]:
    """Read a `release.json`; raises InputError where it cannot be read or is no JSON object."""
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"the manifest of {component}, {path}, cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise InputError(f"the manifest of {component}, {path}, is not JSON: {error}") from error
    if not isinstance(manifest, dict):
        raise InputError(f"the manifest of {component}, {path}, is not a JSON object")
    return manifest


def checked_manifest(manifest: Manifest, path: Path, component: str, digest: str) -> Manifest:
    """Return the manifest; raises InputError with every problem where it does not fit component and digest."""
    if listed := manifest_problems(manifest, component=component, digest=digest):
        raise InputError(f"{path}: {'; '.join(listed)}")
    return manifest


def _pair(word: str, chain: Sequence[str], example: str) -> tuple[str, str]:
    component, equals, value = word.partition("=")
    if not equals or not value:
        raise InputError(f"{word!r} is not of the form component={example}, such as {chain[0]}={example}")
    return checked_component(component, chain), value


def write_file(file: Path, text: str) -> None:
    """Write a file that the command line names, in a folder that need not be there; raises InputError if it cannot."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{file} cannot be written: {error.strerror}") from error


FAILED, BAD_INPUT, INTERRUPTED = 1, 2, 130

_LOG_IN = "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or log in with `aws sso login`"
_CREDENTIALS = (
    aws.NoCredentialsError,
    aws.PartialCredentialsError,
    aws.ProfileNotFound,
    aws.TokenRetrievalError,
    aws.UnauthorizedSSOTokenError,
    aws.CredentialRetrievalError,
)
_REJECTED = {"ExpiredToken", "ExpiredTokenException", "UnrecognizedClientException", "InvalidClientTokenId"}
DENIED = {"AccessDenied", "AccessDeniedException"}


@contextmanager
def refusing(display: Display, *, code: int = BAD_INPUT) -> Iterator[None]:
    """End with `code` where what was typed, or what is deployed, does not allow the command: nothing was begun."""
    try:
        yield
    except (InputError, NotDeployedError, SettingsError) as error:
        display.refuse(str(error))
        raise typer.Exit(code) from error
    except (BotoCoreError, ClientError) as error:
        display.refuse(explain(error))
        raise typer.Exit(code) from error


@contextmanager
def failing(display: Display, *errors: type[Exception]) -> Iterator[None]:
    """End with 1 and the error's own words where one of `errors` is raised."""
    try:
        yield
    except errors as error:
        display.refuse(str(error))
        raise typer.Exit(FAILED) from error


def explain(error: Exception) -> str:
    """Say what AWS, or the way to it, objects to, and what to do about it."""
    if isinstance(error, _CREDENTIALS):
        return f"no AWS credentials ({error}): {_LOG_IN}"
    if error_code(error) in _REJECTED:
        return f"AWS does not accept these credentials ({error}): {_LOG_IN}"
    if error_code(error) in DENIED:
        return f"these credentials may not do this: {error}"
    if isinstance(error, aws.EndpointConnectionError):
        return f"AWS cannot be reached: {error}"
    return f"AWS refused: {error}" if isinstance(error, ClientError) else str(error)


_RULES_OFF = {"CDK_VALIDATION": "false", "EXCHANGE_NAG": "false", "CDK_DISABLE_CLI_TELEMETRY": "true"}


def environment_with_tools(root: Path) -> Mapping[str, str]:
    """Return an environment in which `cdk` is the CLI of the project at `root`, and Python this one."""
    tools = (str(Path(sys.executable).parent), str(root / "node_modules" / ".bin"))
    return {**os.environ, **_RULES_OFF, "PATH": os.pathsep.join([*tools, os.environ.get("PATH", "")])}


@contextmanager
def terminated_as_interrupted() -> Iterator[None]:
    """Turn SIGTERM into a SystemExit for a while, so that whatever is to be cleaned up is.

    A cancelled job is told to end by this signal, which would end Python without a word and leave behind what it holds.
    """

    def end(_signal: int, _frame: FrameType | None) -> None:
        sys.exit(128 + signal.SIGTERM)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Ignore signals for what must be done to its end, and is short: a second signal soon follows a first."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
