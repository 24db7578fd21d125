"""A replacement reaches into the stacks that refer to what is replaced, also where their templates stay as they are."""

from release.review.changes import Risk
from tests.unit.review.cases import CASES
from tests.unit.review.conftest import Reviewed


def test_a_cluster_whose_subnets_another_stack_replaces_is_replaced_and_blocks(reviewed: Reviewed) -> None:
    found = reviewed("subnet of another stack replaced")
    blocked = [one for one in found.findings if one.risk is Risk.BLOCKED]
    assert [one.acknowledge for one in blocked] == ["replaces: far-data/Brokers"]
    assert "BrokerNodeGroupInfo.ClientSubnets cannot be changed in place" in blocked[0].text


def test_it_reaches_through_a_stack_to_the_next(reviewed: Reviewed) -> None:
    stacks = [stack.name for stack in reviewed("subnet of another stack replaced").stacks]
    assert stacks == ["far-network", "far-data", "far-engine"]


def test_a_stack_that_cdk_deploy_would_pass_over_is_named(reviewed: Reviewed) -> None:
    found = reviewed("subnet of another stack replaced")
    passed_over = [one for one in found.findings if one.topic == "references"]
    assert [one.subject for one in passed_over] == ["far-data", "far-engine"]
    assert passed_over[0].text.endswith("`cdk deploy --force far-data` afterwards")


def test_an_output_of_what_is_merely_updated_reaches_nowhere(reviewed: Reviewed) -> None:
    assert len(CASES["subnet of another stack updated"]) == 3
    assert [stack.name for stack in reviewed("subnet of another stack updated").stacks] == ["near-network"]


def test_a_permission_on_what_is_replaced_is_the_same_permission(reviewed: Reviewed) -> None:
    assert [one for one in reviewed("subnet of another stack replaced").findings if one.topic == "permissions"] == []
