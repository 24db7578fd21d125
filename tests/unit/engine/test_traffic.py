"""Where users are sent, against where the tasks are."""

from collections.abc import Mapping

import pytest

from release_engine.traffic import Traffic, judge, problems
from release_engine.verdict import Verdict

BLUE, GREEN = (f"arn:aws:elasticloadbalancing:r:1:targetgroup/{color}/1" for color in ("blue", "green"))


@pytest.mark.parametrize(
    ("weights", "serving"),
    [
        ({BLUE: 100, GREEN: 0}, BLUE),
        ({BLUE: 0, GREEN: 100}, GREEN),
        ({BLUE: 100, GREEN: 0}, None),
        ({BLUE: 100}, BLUE),
    ],
)
def test_all_users_with_the_revision_that_runs_is_as_it_should_be(weights: dict[str, int], serving: str) -> None:
    assert problems([Traffic("web", "rule", weights, serving)]) == []


@pytest.mark.parametrize(
    ("weights", "serving", "problem"),
    [
        pytest.param({BLUE: 90, GREEN: 10}, BLUE, "weights blue 90, green 10, allowed is one", id="mid_shift"),
        pytest.param({BLUE: 100, GREEN: 100}, BLUE, "weights blue 100, green 100, allowed is one", id="both"),
        pytest.param({BLUE: 0, GREEN: 0}, BLUE, "weights blue 0, green 0, allowed is one", id="nowhere"),
        pytest.param({BLUE: 1}, BLUE, "weights blue 1, allowed is one", id="one_group_by_hand"),
        pytest.param({BLUE: 100, GREEN: 0}, GREEN, "blue 100, green 0, but the tasks are in green", id="reset"),
        pytest.param({BLUE: 100}, GREEN, "blue 100, but the tasks are in green", id="forgotten_group"),
        pytest.param({}, BLUE, "listener rule rule is gone or forwards nowhere", id="no_rule"),
    ],
)
def test_f15_weights_that_no_deployment_leaves_are_named(
    weights: Mapping[str, int], serving: str, problem: str
) -> None:
    listed = problems([Traffic("web", "rule", weights, serving)])
    assert len(listed) == 1
    assert listed[0].startswith("web: listener rule rule ")
    assert problem in listed[0]


def test_a_judgement_of_traffic_keeps_rule_and_weights() -> None:
    good = judge(Traffic("web", "rule", {BLUE: 0, GREEN: 100}, GREEN))
    assert (good.verdict, good.reason) == (Verdict.PASS, "web: all users reach green")
    assert good.evidence == {"rule": "rule", "weights": {BLUE: 0, GREEN: 100}, "serving": GREEN}
    assert judge(Traffic("web", "rule", {}, GREEN)).verdict is Verdict.FAIL
