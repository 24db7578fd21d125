"""Data that would be lost blocks a change, unless its author says that it may go (F28)."""

import pytest

from release.review.changes import Risk
from tests.unit.review.conftest import Reviewed

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
