"""Ends the command line: what each exit code means, and how refusals of AWS read to a person."""

from collections.abc import Iterator
from contextlib import contextmanager

import botocore.exceptions as aws
import typer
from botocore.exceptions import BotoCoreError, ClientError

from release.arguments import InputError
from release.deployed_environment import NotDeployedError
from release.display import Display
from release_aws.clients import error_code
from settings.loading import SettingsError

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
