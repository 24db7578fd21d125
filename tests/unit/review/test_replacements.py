"""What goes or is replaced: data that would be lost blocks a change, unless its author says that it may go (F28).

Only a plain line of its own says so. A replacement reaches into the stacks that refer to what is replaced, and a
condition decides whether resources are there at all.
"""

import pytest

from release.review.changes import Risk, StackChange
from release.review.replacements import read_acknowledgements
from release.review.review import stack_findings
from tests.unit.review.cases import CASES
from tests.unit.review.conftest import Reviewed
from tests.unit.review.scene import resource

LOSSES = {
    "database renamed": "deletes: data/Database/Instance",
    "database moved to another port": "replaces: data/Database/Instance",
    "database gets another engine": "replaces: data/Database/Instance",
    "engine volume replaced": "replaces: engine/Volume",
    "brokers in other subnets": "replaces: brokers/Brokers",
    "table keeps its name": "replaces: named/Table",
    "table gets a condition": "deletes: conditional/Table",
    "repository goes": "deletes: images/Images",
    "stack removed": "deletes: data/Database/Instance",
}


@pytest.mark.parametrize(("case", "line"), LOSSES.items())
def test_f28_lost_data_blocks_and_names_the_line_that_would_let_it_pass(
    reviewed: Reviewed, case: str, line: str
) -> None:
    found = reviewed(case)
    assert found.risk is Risk.BLOCKED
    assert [one.acknowledge for one in found.findings if one.risk is Risk.BLOCKED] == [line]


@pytest.mark.parametrize(("case", "line"), LOSSES.items())
def test_what_is_acknowledged_needs_a_look_and_cannot_be_undone_all_the_same(
    reviewed: Reviewed, case: str, line: str
) -> None:
    found = reviewed(case, f"We move the data by hand.\r\n\r\n- `{line}`\r\n")
    assert found.risk is Risk.LOOK
    assert any("its data would not come back" in one.text for one in found.obstacles)


def test_to_acknowledge_a_replacement_is_not_to_acknowledge_a_deletion(reviewed: Reviewed) -> None:
    assert reviewed("database renamed", "replaces: data/Database/Instance").risk is Risk.BLOCKED


def test_a_line_for_the_stack_covers_what_goes_with_it(reviewed: Reviewed) -> None:
    assert reviewed("stack removed", "deletes: removed").risk is Risk.LOOK


def test_a_new_logical_id_is_called_a_new_and_empty_database(reviewed: Reviewed) -> None:
    (finding,) = (one for one in reviewed("database renamed").findings if one.topic == "data")
    assert "removed and data/Postgres/Instance is created: a new, empty one, not a new name" in finding.text
    assert "stay in the account (DeletionPolicy Retain), but nothing here uses them" in finding.text


def test_without_a_policy_that_keeps_it_the_old_volume_goes_with_its_data(reviewed: Reviewed) -> None:
    (finding,) = reviewed("engine volume replaced").findings
    assert "PerformanceMode cannot be changed in place; the old one is deleted with its data" in finding.text


def test_a_part_of_a_property_that_cannot_be_changed_replaces_the_whole(reviewed: Reviewed) -> None:
    (finding,) = reviewed("brokers in other subnets").findings
    assert "BrokerNodeGroupInfo.ClientSubnets cannot be changed in place" in finding.text
    assert reviewed("brokers of another size").risk is Risk.LOOK


def test_a_replacement_that_keeps_its_name_is_said_to_fail(reviewed: Reviewed) -> None:
    (finding,) = reviewed("table keeps its name").findings
    assert finding.text.endswith("the update fails: TableName 'ledger' is taken by the old one")


def test_what_rds_modifies_in_place_is_an_interruption_and_no_replacement(reviewed: Reviewed) -> None:
    found = reviewed("database gets a standby")
    assert [(one.topic, one.risk) for one in found.findings] == [("interruption", Risk.LOOK)]
    assert not found.obstacles


def test_a_stack_that_is_no_longer_in_the_application_is_left_where_it_is(reviewed: Reviewed) -> None:
    found = reviewed("stack removed")
    assert any(one.topic == "stacks" and "`cdk deploy` leaves it as it is" in one.text for one in found.findings)
    assert found.minutes.expected == 0


def test_a_stack_that_is_added_is_no_risk(reviewed: Reviewed) -> None:
    assert reviewed("stack added").risk is Risk.NONE


def test_a_load_balancer_that_is_replaced_holds_no_data_and_needs_a_look(reviewed: Reviewed) -> None:
    found = reviewed("load balancer replaced")
    assert [(one.topic, one.risk) for one in found.findings] == [("replacement", Risk.LOOK)]
    assert not found.obstacles


def test_a_snapshot_that_is_taken_must_be_restored_by_hand(reviewed: Reviewed) -> None:
    (finding,) = reviewed("database goes with a snapshot").findings
    assert (
        "a snapshot of the old one is taken (DeletionPolicy Snapshot), which must be restored by hand" in finding.text
    )


PATH = "exchange-staging-data/Database/Instance"


@pytest.mark.parametrize(
    "text",
    [
        f"replaces: {PATH}",
        f"  Replaces: `{PATH}`  ",
        f"* replaces: {PATH}",
        f"- `replaces: {PATH}`",
        f"x\r\nreplaces: {PATH}\r\ny",
    ],
)
def test_a_line_of_its_own_acknowledges(text: str) -> None:
    assert read_acknowledgements(text).covers("replaces", PATH)


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"this replaces: {PATH}",
        f"> replaces: {PATH}",
        f"<!-- \nreplaces: {PATH}\n-->",
        f"<!-- never closed\nreplaces: {PATH}",
        f"replaces: {PATH} and others",
        "replaces: exchange-staging-data",
        f"replaces: {PATH}/",
        f"deletes: {PATH}",
    ],
)
def test_nothing_else_does(text: str) -> None:
    assert not read_acknowledgements(text).covers("replaces", PATH)


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


def _stack(digest: str) -> dict[str, object]:
    table = {**resource("DynamoDB::Table"), "Condition": "Given"}
    return {"Conditions": {"Given": {"Fn::Equals": [digest, "a"]}}, "Resources": {"Table": table}}


def test_a_condition_that_reads_otherwise_names_what_depends_on_it() -> None:
    (finding,) = stack_findings([StackChange("data", _stack("a"), _stack("b"))])
    assert finding.text == "condition Given reads otherwise: where it comes to be false, Table goes"


def test_a_condition_that_stays_is_not_named() -> None:
    assert not list(stack_findings([StackChange("data", _stack("a"), _stack("a"))]))
