"""Holds what a command works with: the world around, which tests replace, and an environment as it is deployed.

An environment is found by the outputs of its stacks; the rest is the display, the clock, and who is asking.
"""

import getpass
import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.session import get_session

from release.progress import Display, terminal_display
from release_aws.clients import AwsClient
from release_aws.cloudformation import Stacks
from release_aws.ecr import Images
from release_aws.ledger import Ledger
from release_aws.stepfunctions import Executions
from settings.loading import Settings, load_settings

ClientOf = Callable[[str], AwsClient]
_LEDGER = "LedgerTableName"


class NotDeployedError(LookupError):
    """Says that the environment has not been deployed, or not far enough, and how to deploy it."""


@dataclass(frozen=True)
class DeployedEnvironment:
    """Holds one environment: the release machine of each component, and what its releases are looked up with."""

    settings: Settings
    machine_arns: Mapping[str, str]
    executions: Executions
    ledger: Ledger
    stacks: Stacks
    images: Images


def open_environment(settings: Settings, client_of: ClientOf) -> DeployedEnvironment:
    """Find the machines at once, so that an environment that is not deployed is noticed before anything begins."""
    outputs = _release_outputs(client_of("cloudformation"), settings)
    machine_arns = _machine_arns(outputs, settings)
    missing = [name for name, arn in machine_arns.items() if not arn]
    table = outputs.get(_LEDGER, "")
    if missing or not table:
        what = f"release machine of {', '.join(missing)}" if missing else "ledger"
        raise NotDeployedError(f"stack {settings.stack_name('release')} has no {what} yet; {_deploy_all(settings)}")
    return DeployedEnvironment(
        settings=settings,
        machine_arns=machine_arns,
        executions=Executions(client_of("stepfunctions")),
        ledger=Ledger(client_of("dynamodb"), table),
        stacks=Stacks(client_of("cloudformation")),
        images=Images(client_of("ecr")),
    )


def find_ledger(cloudformation: AwsClient, settings: Settings) -> str | None:
    """Return the ledger's table; None before the first deployment, when nothing can be released yet."""
    try:
        return _release_outputs(cloudformation, settings).get(_LEDGER) or None
    except NotDeployedError:
        return None


def machine_arns_of(cloudformation: AwsClient, settings: Settings) -> dict[str, str]:
    """Map each component, in the order of the chain, to its machine; "" for one that is not deployed yet."""
    return _machine_arns(_release_outputs(cloudformation, settings), settings)


def stack_outputs(cloudformation: AwsClient, settings: Settings, stack: str, remedy: str) -> dict[str, str]:
    """Return the outputs of a stack; NotDeployedError names the stack that is not there, and the remedy."""
    try:
        described = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
    except ClientError as error:
        if "does not exist" not in str(error):
            raise
        raise NotDeployedError(f"stack {stack} is not deployed in {settings.region}; {remedy}") from error
    return {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])}


def _release_outputs(cloudformation: AwsClient, settings: Settings) -> dict[str, str]:
    return stack_outputs(cloudformation, settings, settings.stack_name("release"), _deploy_all(settings))


def _machine_arns(outputs: Mapping[str, str], settings: Settings) -> dict[str, str]:
    return {name: outputs.get(f"{name.capitalize()}MachineArn", "") for name in settings.chain}


def _deploy_all(settings: Settings) -> str:
    return f"deploy it: cdk deploy --all -c environment={settings.environment}"


def callers_region() -> str | None:
    """Return the region of the caller's variables and files; settings that name one come first, as at synth."""
    region: str | None = os.environ.get("AWS_REGION") or get_session().get_config_variable("region")
    return region


def clients_in(region: str) -> ClientOf:
    """Make clients with the caller's own credentials, from the standard AWS environment variables and files."""
    session = get_session()
    config = Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard", "max_attempts": 5})

    def client_of(service: str) -> AwsClient:
        return session.create_client(service, region_name=region, config=config)

    return client_of


def _settings_of(environment: str) -> Settings:
    return load_settings(environment, region=callers_region())


def _person() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user need not have a name
        return "unknown"


def _can_ask() -> bool:
    return sys.stdin.isatty()


@dataclass(frozen=True)
class CliContext:
    """Holds what a command works with.

    `pause` waits that many seconds; `can_ask` says whether somebody is there to answer a question.
    """

    environment: str = "staging"
    display: Display = field(default_factory=terminal_display)
    settings_of: Callable[[str], Settings] = _settings_of
    clients_in: Callable[[str], ClientOf] = clients_in
    person: Callable[[], str] = _person
    can_ask: Callable[[], bool] = _can_ask
    pause: Callable[[float], None] = time.sleep
    now: Callable[[], float] = time.time
    poll_seconds: float = 1.0

    def settings(self) -> Settings:
        """Load the environment's settings, in the region that they or the caller name."""
        return self.settings_of(self.environment)

    def deployed(self, settings: Settings) -> DeployedEnvironment:
        """Find the environment as it is deployed; raises NotDeployedError when it is not."""
        return open_environment(settings, self.clients_in(settings.region))
