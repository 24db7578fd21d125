"""An account and the handlers' world on it."""

import json

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
    environment = {"COMPONENTS": json.dumps({"client": COMPONENT}), "LEDGER_TABLE": "ledger", "WATCH_SECONDS": "7200"}
    environment["COOL_DOWN_SECONDS"] = "1800"
    return World(environment, client=account.client, ask=account.ask, now=lambda: next(account.clock))
