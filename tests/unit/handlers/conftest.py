"""An account and the handlers' world on it."""

import pytest

from release_handlers.world import World
from tests.unit.aws.account import COMPONENT, Account


@pytest.fixture
def account() -> Account:
    """One component, released and quiet."""
    return Account()


@pytest.fixture
def world(account: Account) -> World:
    """On that account, with its clock."""
    environment = {"LEDGER_TABLE": "ledger", "WATCH_SECONDS": "7200"}
    environment["COOL_DOWN_SECONDS"] = "1800"
    facts = {"client": COMPONENT}
    return World(environment, facts, client=account.client, ask=account.ask, now=lambda: next(account.clock))
