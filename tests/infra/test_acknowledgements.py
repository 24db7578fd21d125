"""The findings of cdk-nag that a reviewer has accepted. Whether any is open, tests/checks/test_nag.py asks."""

import json
import re
from functools import cache

import pytest

from tests.infra.exchange import ENVIRONMENTS, exchange

# How many there are: a construct and a finding each. Change a number with the reason that makes it right.
ACCEPTED = {"staging": 312, "prod2": 303}
KIND = "aws:cdk:acknowledged-rules"


@cache
def acknowledged(environment: str) -> dict[tuple[str, str], str]:
    """Construct and finding -> the reason."""
    return {
        (construct, finding): reason
        for file in exchange(environment).folder.glob("*.metadata.json")
        for construct, entries in json.loads(file.read_text(encoding="utf-8")).items()
        for entry in entries
        if entry["type"] == KIND
        for finding, reason in entry["data"].items()
    }


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_no_finding_is_accepted_unseen(environment: str) -> None:
    assert len(acknowledged(environment)) == ACCEPTED[environment]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_each_is_accepted_for_a_reason_that_a_reader_can_judge(environment: str) -> None:
    short = {place for place, reason in acknowledged(environment).items() if len(reason.split()) < 4}
    assert short == set()


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_no_finding_is_accepted_for_a_whole_stack(environment: str) -> None:
    """What CDK itself accepts, of the zones that the settings name, is not ours."""
    wide = {finding for construct, finding in acknowledged(environment) if re.fullmatch(r"/?[^/]+", construct)}
    assert {finding for finding in wide if "CloudFormation-Validate" not in finding} == set()
