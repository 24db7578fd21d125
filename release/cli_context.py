"""Holds what a command works with: the environment, the display, and the world around, which tests replace."""

import getpass
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from botocore.config import Config
from botocore.session import get_session

from release.deployed_environment import ClientOf, DeployedEnvironment, open_environment
from release.display import Display, terminal_display
from release_aws.clients import AwsClient
from settings.loading import Settings, load_settings


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
