"""What is accepted of cdk-nag. Whether a finding is open, or accepted in vain, tests/checks/test_nag.py asks."""

import json
import re
from functools import cache

import pytest
from aws_cdk import App, Stack
from constructs import Construct

from exchange_constructs.nag import ACCEPTED_EVERYWHERE, acknowledge
from tests.infra.exchange import CONTEXT, ENVIRONMENTS, exchange

KIND = "aws:cdk:acknowledged-rules"
CODE = re.compile(r"\bF\d{1,2}\b")


@cache
def acknowledged(environment: str) -> dict[tuple[str, str], str]:
    """Construct and finding -> the reason."""
    return {
        (construct, finding.removeprefix("Annotation::")): reason
        for file in exchange(environment).folder.glob("*.metadata.json")
        for construct, entries in json.loads(file.read_text(encoding="utf-8")).items()
        for entry in entries
        if entry["type"] == KIND
        for finding, reason in entry["data"].items()
    }


def reasons(environment: str) -> set[str]:
    return {*ACCEPTED_EVERYWHERE.values(), *acknowledged(environment).values()}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_each_is_accepted_for_a_reason_that_a_reader_can_judge(environment: str) -> None:
    assert {reason for reason in reasons(environment) if len(reason.split()) < 4 or CODE.search(reason)} == set()


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_no_construct_accepts_what_is_accepted_everywhere(environment: str) -> None:
    findings = {finding for _, finding in acknowledged(environment)}
    assert len(findings) > 10
    assert findings & ACCEPTED_EVERYWHERE.keys() == set()


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_no_finding_is_accepted_for_a_whole_stack(environment: str) -> None:
    """What CDK itself accepts, of the zones that the settings name, is not ours."""
    wide = {finding for construct, finding in acknowledged(environment) if re.fullmatch(r"/?[^/]+", construct)}
    assert {finding for finding in wide if "CloudFormation-Validate" not in finding} == set()


def test_what_is_accepted_everywhere_is_a_whole_rule() -> None:
    """One resource or action with a wildcard is never accepted without looking at the construct."""
    assert [name for name in ACCEPTED_EVERYWHERE if "[" in name] == []


def test_to_accept_for_a_construct_what_is_accepted_everywhere_is_refused() -> None:
    construct = Construct(Stack(App(context=CONTEXT), "Stack"), "Construct")
    with pytest.raises(
        ValueError, match=r"Stack/Construct: NIST\.800\.53\.R5-IAMNoInlinePolicy is accepted everywhere"
    ):
        acknowledge(construct, {"NIST.800.53.R5-IAMNoInlinePolicy": "the same once more"})
