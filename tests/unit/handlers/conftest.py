"""An account, and the context of functions that work on it."""

import pytest

from release_handlers.function_context import FunctionContext
from tests.unit.aws.account import COMPONENT, Account


@pytest.fixture
def account() -> Account:
    """One component, released and quiet."""
    return Account()


@pytest.fixture
def context(account: Account) -> FunctionContext:
    """On that account, with its clock."""
    environment = {"LEDGER_TABLE": "ledger", "WATCH_SECONDS": "7200"}
    environment["COOL_DOWN_SECONDS"] = "1800"
    facts = {"client": COMPONENT}
    return FunctionContext(environment, facts, client=account.client, ask=account.ask, now=lambda: next(account.clock))
