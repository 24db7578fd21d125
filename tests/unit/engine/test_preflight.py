"""Preflight names everything that is wrong, at once."""

from dataclasses import replace

import pytest

from release_engine.ledger import Kind
from release_engine.model import parse_components
from release_engine.preflight import Asked, Found, problems
from tests.unit.aws.account import COMPONENT
from tests.unit.aws.digests import NEW, OLD

CLIENT = parse_components({"client": COMPONENT})["client"]
ASKED = Asked("20261124T101500Z-3f2a9c1b", NEW, Kind.RELEASE)
FOUND = Found("UPDATE_COMPLETE", OLD, frozenset({OLD, NEW}), {"exchange-test-client-5xx": "OK"})


def test_a_sound_component_may_be_released() -> None:
    assert problems(CLIENT, ASKED, FOUND) == []
    assert problems(CLIENT, ASKED, replace(FOUND, former_digest=None, images=frozenset({NEW}))) == []


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        pytest.param(
            replace(FOUND, alarms={"a": "ALARM", "b": "INSUFFICIENT_DATA"}), "alarm a is in ALARM", id="f13_red_alarm"
        ),
        pytest.param(replace(FOUND, stack_status="UPDATE_ROLLBACK_FAILED"), "is UPDATE_ROLLBACK_FAILED", id="f5"),
        pytest.param(replace(FOUND, stack_status="UPDATE_IN_PROGRESS"), "is UPDATE_IN_PROGRESS", id="f20_busy_stack"),
        pytest.param(replace(FOUND, stack_status="ROLLBACK_COMPLETE"), "is ROLLBACK_COMPLETE", id="never_created"),
        pytest.param(replace(FOUND, stack_status=None), "the stack does not exist", id="no_stack"),
        pytest.param(replace(FOUND, images=frozenset({OLD})), f"image {NEW} is not in repository client", id="image"),
        pytest.param(replace(FOUND, images=frozenset({NEW})), f"former image {OLD} is gone", id="f8_former_image"),
    ],
)
def test_each_problem_is_refused_by_name(found: Found, problem: str) -> None:
    listed = problems(CLIENT, ASKED, found)
    assert len(listed) == 1
    assert problem in listed[0]


@pytest.mark.parametrize("digest", ["latest", "v1.2", "sha256:ABC", NEW[:-1], f"{NEW}0", ""])
def test_f7_a_tag_is_not_a_version(digest: str) -> None:
    assert "is not an image digest" in problems(CLIENT, replace(ASKED, digest=digest), FOUND)[0]


@pytest.mark.parametrize("name", ["", "with space", "x" * 81, "-first"])
def test_a_release_that_cannot_be_named_is_refused(name: str) -> None:
    assert "cannot name a release" in problems(CLIENT, replace(ASKED, release_id=name), FOUND)[0]


def test_all_problems_come_at_once() -> None:
    found = Found("UPDATE_FAILED", OLD, frozenset(), {"a": "ALARM", "b": "ALARM"})
    manifest = {"component": "backend", "digest": OLD, "schema": {"phase": "maybe"}}
    assert len(problems(CLIENT, replace(ASKED, manifest=manifest), found)) == 8


def test_a_schema_that_is_no_object_is_refused() -> None:
    listed = problems(CLIENT, replace(ASKED, manifest={"schema": ["x"]}), FOUND)
    assert listed == ["release.json: schema is ['x'], not an object"]


def test_a_rollback_is_not_held_up_by_the_alarm_that_it_answers() -> None:
    found = replace(FOUND, alarms={"a": "ALARM"}, images=frozenset({NEW}))
    assert problems(CLIENT, replace(ASKED, kind=Kind.ROLLBACK), found) == []
