"""The AWS account as the command line sees it, and its refusals as a person should read them."""

import os
from collections.abc import Callable
from dataclasses import dataclass

import botocore.exceptions as aws
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.session import get_session

from release.executions import Executions
from release.machines import Whereabouts, find_machines
from release_aws.clients import AwsClient, error_code
from release_aws.cloudformation import Stacks
from release_aws.ecr import Images
from release_aws.ledger import Ledger
from release_aws.stepfunctions import Machines
from settings.loading import Settings

ClientOf = Callable[[str], AwsClient]
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


@dataclass(frozen=True)
class Account:
    """One environment: where its releases happen, and what may be asked of AWS about them."""

    settings: Settings
    whereabouts: Whereabouts
    machines: Machines
    executions: Executions
    ledger: Ledger
    stacks: Stacks
    images: Images


def open_account(settings: Settings, client_of: ClientOf) -> Account:
    """Finds the machines at once, so that an environment that is not deployed is noticed before anything begins."""
    whereabouts = find_machines(client_of("cloudformation"), settings)
    return Account(
        settings=settings,
        whereabouts=whereabouts,
        machines=Machines(client_of("stepfunctions")),
        executions=Executions(client_of("stepfunctions")),
        ledger=Ledger(client_of("dynamodb"), whereabouts.ledger),
        stacks=Stacks(client_of("cloudformation")),
        images=Images(client_of("ecr")),
    )


def callers_region() -> str | None:
    """The region that the caller's surroundings name; settings that name one come first, as they do at synth."""
    region: str | None = os.environ.get("AWS_REGION") or get_session().get_config_variable("region")
    return region


def clients_in(region: str) -> ClientOf:
    """Clients with the caller's own credentials, from the standard AWS environment variables and files."""
    session = get_session()
    config = Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard", "max_attempts": 5})

    def client_of(service: str) -> AwsClient:
        return session.create_client(service, region_name=region, config=config)

    return client_of


def explain(error: Exception) -> str:
    """What AWS, or the way to it, objects to, and what to do about it."""
    if isinstance(error, _CREDENTIALS):
        return f"no AWS credentials ({error}): {_LOG_IN}"
    if error_code(error) in _REJECTED:
        return f"AWS does not accept these credentials ({error}): {_LOG_IN}"
    if error_code(error) in DENIED:
        return f"these credentials may not do this: {error}"
    if isinstance(error, aws.EndpointConnectionError):
        return f"AWS cannot be reached: {error}"
    return f"AWS refused: {error}" if isinstance(error, ClientError) else str(error)
