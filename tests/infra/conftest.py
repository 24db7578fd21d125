"""Template validation is the largest cost of a synth: here it is off, `tests/checks` and `make synth` have it on."""

import gc
import os
from collections.abc import Iterator
from unittest.mock import patch

import pytest

with patch.dict(os.environ, CDK_VALIDATION="false"):  # read once, when Node starts
    import aws_cdk  # noqa: F401

from tests.infra.release_walks import SimulatedMachine, synthesized_definition
from tests.unit.aws.answers import OLD


@pytest.fixture
def machine() -> Iterator[SimulatedMachine]:
    """A release machine whose component runs OLD, released well; whatever a test does, nobody holds the lock then."""
    machine = SimulatedMachine(synthesized_definition())
    machine.account.digest = ""
    machine.account.run("")
    assert machine.release(OLD, "r0").error is None
    yield machine
    if "record unlock" not in machine.broken:
        assert machine.context.ledger.lock("client").holder in (None, "other")


def pytest_collection_finish() -> None:
    """Have the garbage collector leave CDK's classes alone: they are most of all objects, and they stay."""
    gc.freeze()


def pytest_unconfigure() -> None:
    """Have it leave everything alone at the end."""
    gc.freeze()
