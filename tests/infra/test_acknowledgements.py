"""The findings of cdk-nag that a reviewer has accepted. Whether any is open, tests/checks/test_nag.py asks."""

import json
import re
from functools import cache
from unittest.mock import Mock

import pytest
from aws_cdk import App, Stack
from constructs import Construct

from exchange_constructs.acknowledgements import Finding, acknowledge, hand_over
from tests.infra.exchange import CONTEXT, ENVIRONMENTS, exchange

# How many there are: a construct and a finding each. Change a number with the reason that makes it right.
ACCEPTED = {"staging": 256, "prod2": 375}
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


def known_to_cdk(construct: Construct) -> dict[str, str]:
    return {
        finding: reason
        for entry in construct.node.metadata
        if entry.type == KIND
        for finding, reason in entry.data.items()
    }


def test_a_synth_without_the_rules_does_not_pay_for_what_only_they_read() -> None:
    construct = Construct(Stack(App(context=CONTEXT), "Stack"), "Construct")
    found_out = Mock(return_value="AwsSolutions-IAM5[Resource::*]")
    reasons: dict[Finding, str] = {"AwsSolutions-S1": "said", found_out: "found out"}
    acknowledge(construct, reasons)
    assert known_to_cdk(construct) == {}
    found_out.assert_not_called()
    hand_over()
    hand_over()
    assert list(known_to_cdk(construct).values()) == ["said", "found out"]
    found_out.assert_called_once_with()


def test_a_warning_of_cdk_itself_is_acknowledged_at_once_since_every_synth_prints_it() -> None:
    construct = Construct(Stack(App(context=CONTEXT), "Stack"), "Construct")
    acknowledge(construct, {"Annotation::ours:warning": "said"})
    assert list(known_to_cdk(construct).values()) == ["said"]
