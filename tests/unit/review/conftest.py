"""Every case through the real engine, in one process of Node for the whole folder."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date

import pytest

from release.review import cdk_diff
from release.review.cdk_diff import TemplatePair, compare_together
from release.review.changes import Json, StackChange
from release.review.cost import Price, Prices
from release.review.replacements import read_acknowledgements
from release.review.review import Comparison, Review, review
from tests.unit.review.cases import CASES, TYPED

CHAIN = {"exchange-backend": "backend", "backend": "backend", "exchange-engine": "engine"}
SETTING = Comparison("test", "us-west-2", "main", CHAIN)
PRICES = Prices(
    checked=date(2026, 1, 2),
    hours=100,
    prices={
        "fargate_arm64_vcpu_hour": Price(0.04, "us-west-2"),
        "fargate_arm64_gb_hour": Price(0.01, "us-west-2"),
        "database_postgres_t4g_medium_hour": Price(0.1, "us-east-1"),
        "database_gp3_gb_month": Price(0.2, "every region"),
        "key_month": Price(1.0, "us-west-2"),
    },
)
Reviewed = Callable[..., Review]


class Engine:
    """The real one, that is asked about each pair once: no process of Node for each test."""

    def __init__(self) -> None:
        self.ask = cdk_diff.ask
        self.answers: dict[str, Json] = {}

    def __call__(self, pairs: Sequence[TemplatePair]) -> Mapping[str, Json]:
        asked = {_key(one): one for one in pairs}
        new = {key: one for key, one in asked.items() if key not in self.answers}
        if new:
            numbered = {str(number): key for number, key in enumerate(new)}
            found = self.ask([replace(new[key], name=number) for number, key in numbered.items()])
            self.answers |= {key: found[number] for number, key in numbered.items()}
        return {one.name: self.answers[_key(one)] for one in pairs}


def _key(one: TemplatePair) -> str:
    return json.dumps([one.old, one.new, one.change_set])


@pytest.fixture(scope="session")
def asked_once() -> Engine:
    return Engine()


@pytest.fixture
def engine_of_the_session(asked_once: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cdk_diff, "ask", asked_once)


@pytest.fixture(scope="session")
def compared(asked_once: Engine) -> Mapping[str, StackChange]:
    """By stack: each is in one case only."""
    pairs = [one for pairs in CASES.values() for one in pairs]
    assert len({one.name for one in pairs}) == len(pairs)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cdk_diff, "ask", asked_once)
        asked_once([*pairs, *TYPED])  # all at once; what follows is known
        return {stack.name: stack for stack in compare_together(pairs)}


@pytest.fixture(scope="session")
def reviewed(compared: Mapping[str, StackChange]) -> Reviewed:
    """`reviewed("stack removed", "deletes: …")`: the review of a case, with the words of its pull request."""

    def reviewed(case: str, description: str = "") -> Review:
        acknowledged = read_acknowledgements(description)
        stacks = [compared[one.name] for one in CASES[case] if one.name in compared]
        templates = {one.name: one.new for one in CASES[case] if one.new is not None}
        return review(SETTING, stacks, prices=PRICES, acknowledged=acknowledged, templates=templates)

    return reviewed
