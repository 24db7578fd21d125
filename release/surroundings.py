"""What the command line takes from the world around it: one place, so that tests can bring another world."""

import getpass
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from release.account import Account, ClientOf, callers_region, clients_in, open_account
from settings.loading import Settings, load_settings


def _settings(environment: str) -> Settings:
    return load_settings(environment, region=callers_region())


def _person() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user need not have a name
        return "unknown"


def _asks() -> bool:
    return sys.stdin.isatty()


@dataclass(frozen=True)
class Surroundings:
    """`pause` waits that many seconds; `asks` says whether somebody is there to answer a question."""

    settings: Callable[[str], Settings] = _settings
    clients: Callable[[str], ClientOf] = clients_in
    person: Callable[[], str] = _person
    asks: Callable[[], bool] = _asks
    pause: Callable[[float], None] = time.sleep
    now: Callable[[], float] = time.time
    poll_seconds: float = 1.0


@dataclass(frozen=True)
class Desk:
    """One environment and its surroundings: what a command works with."""

    environment: str
    around: Surroundings = field(default_factory=Surroundings)

    def settings(self) -> Settings:
        """Those of the environment, in the region that they or the caller name."""
        return self.around.settings(self.environment)

    def account(self, settings: Settings) -> Account:
        """The environment as deployed; NotDeployedError when it is not."""
        return open_account(settings, self.around.clients(settings.region))
