"""`infrastructure`: what differs is deployed, and nothing else; what would lose data is not."""

from pathlib import Path

import pytest

from tests.unit.aws.answers import error
from tests.unit.infrastructure.scene import ALARM, OTHER_ALARM, OTHER_TABLE, PREFIX, TABLE, Scene, assembly_of

REPLACES = f"replaces: {PREFIX}data/Table"


@pytest.fixture(autouse=True)
def one_stack_differs(scene: Scene) -> None:
    scene.described(data=TABLE, network=OTHER_ALARM)
    scene.deployed(data=TABLE, network=ALARM)


def test_nothing_differs_and_nothing_is_done(scene: Scene) -> None:
    scene.deployed(data=TABLE, network=OTHER_ALARM)
    result = scene.run()
    assert (result.exit_code, result.stdout) == (0, "test: everything is deployed as it is described\n")
    assert scene.told == []


def test_the_stacks_that_differ_are_deployed_and_no_other(scene: Scene) -> None:
    result = scene.run()
    assert result.exit_code == 0
    assert f"test: deployed {PREFIX}network" in result.stdout
    assembly = scene.project.folder / "cdk.out" / "test"
    assert scene.told[:5] == ["deploy", "--app", str(assembly), "--exclusively", f"{PREFIX}network"]
    assert scene.told[5:7] == ["--require-approval", "never"]
    assert "AlarmDescription" in result.stdout


def test_a_note_of_the_constructs_in_use_is_no_difference(scene: Scene) -> None:
    """https://docs.aws.amazon.com/cdk/v2/guide/usage-data.html: other options of the CLI write another one, or none."""
    note = {"Type": "AWS::CDK::Metadata", "Properties": {"Analytics": "v2"}, "Condition": "CDKMetadataAvailable"}
    resources = {**OTHER_ALARM["Resources"], "CDKMetadata": note}
    scene.deployed(data=TABLE, network={"Resources": resources, "Conditions": {"CDKMetadataAvailable": {}}})
    result = scene.run()
    assert (result.exit_code, scene.told) == (0, [])


def test_a_stack_that_is_not_there_yet_is_deployed(scene: Scene) -> None:
    scene.deployed(network=OTHER_ALARM)
    assert scene.run().exit_code == 0
    assert f"{PREFIX}data" in scene.told
    assert f"{PREFIX}network" not in scene.told


@pytest.mark.parametrize("status", ["ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS"])
def test_a_stack_whose_creation_failed_is_deployed_though_its_template_is_the_same(scene: Scene, status: str) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html"""
    scene.deployed(data=TABLE, network=OTHER_ALARM)
    scene.cloudformation.statuses[f"{PREFIX}network"] = status
    assert scene.run().exit_code == 0
    assert f"{PREFIX}network" in scene.told


def test_f19_the_pipeline_is_left_alone_and_said_to_differ(scene: Scene) -> None:
    scene.described(network=ALARM, pipeline=OTHER_ALARM)
    scene.deployed(network=ALARM, pipeline=ALARM)
    result = scene.run()
    assert (result.exit_code, scene.told) == (0, [])
    assert f"{PREFIX}pipeline differs and is left alone" in result.stdout
    scene.described(network=OTHER_ALARM, pipeline=OTHER_ALARM)
    assert scene.run().exit_code == 0
    assert f"{PREFIX}network" in scene.told
    assert f"{PREFIX}pipeline" not in scene.told


def test_f28_what_would_lose_data_is_blocked_and_nothing_is_deployed(scene: Scene) -> None:
    scene.described(data=OTHER_TABLE, network=OTHER_ALARM)
    result = scene.run()
    assert (result.exit_code, scene.told) == (3, [])
    assert REPLACES in result.stdout
    assert "nothing was deployed" in result.stderr


def test_a_loss_that_is_acknowledged_is_deployed(scene: Scene) -> None:
    scene.described(data=OTHER_TABLE, network=OTHER_ALARM)
    file = scene.file("acknowledged", f"{REPLACES}\n")
    assert scene.run("--acknowledge", str(file)).exit_code == 0
    assert f"{PREFIX}data" in scene.told


def test_the_acknowledgement_of_another_loss_lets_nothing_pass(scene: Scene) -> None:
    scene.described(data=OTHER_TABLE)
    file = scene.file("acknowledged", f"{REPLACES}s\ndeletes: {PREFIX}data/Table\n")
    assert scene.run("--acknowledge", str(file)).exit_code == 3


def test_an_assembly_that_is_there_is_not_synthesized_again(scene: Scene, tmp_path: Path) -> None:
    scene.file("broken")
    folder = assembly_of(tmp_path / "synthesized", **{f"{PREFIX}network": OTHER_ALARM})
    assert scene.run("--assembly", str(folder)).exit_code == 0
    assert scene.told[2] == str(folder)


def test_the_assembly_of_another_environment_is_refused(scene: Scene, tmp_path: Path) -> None:
    folder = assembly_of(tmp_path / "synthesized", **{"exchange-other-network": OTHER_ALARM})
    result = scene.run("--assembly", str(folder))
    assert (result.exit_code, scene.told) == (1, [])
    assert "is of another environment than test: it has exchange-other-network" in result.stderr


@pytest.mark.parametrize(
    ("status", "says"),
    [
        ("UPDATE_IN_PROGRESS", "somebody else changes it"),
        ("UPDATE_ROLLBACK_FAILED", "it takes no update until it is mended"),
    ],
)
def test_a_stack_that_takes_no_update_is_refused(scene: Scene, status: str, says: str) -> None:
    scene.cloudformation.statuses[f"{PREFIX}network"] = status
    result = scene.run()
    assert (result.exit_code, scene.told) == (1, [])
    assert f"{PREFIX}network is {status}: {says}" in result.stderr


@pytest.mark.parametrize("template", [error("AccessDenied", "not authorized to perform GetTemplate"), "Resources: {}"])
def test_what_cannot_be_compared_is_not_taken_for_the_same(scene: Scene, template: object) -> None:
    scene.deployed(data=TABLE, network=template)
    result = scene.run()
    assert (result.exit_code, scene.told) == (1, [])
    assert f"{PREFIX}network cannot be compared with what is deployed" in result.stderr


def test_a_synth_that_fails_is_told(scene: Scene) -> None:
    scene.file("broken")
    result = scene.run()
    assert (result.exit_code, "SettingsError: no such region" in result.stderr) == (1, True)


def test_a_deployment_that_fails_is_told(scene: Scene) -> None:
    scene.file("code", "9")
    result = scene.run()
    assert (result.exit_code, "cdk deploy ended with 9" in result.stderr) == (1, True)


def test_without_the_cdk_cli_the_error_says_what_installs_it(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (scene.project.folder / "node_modules" / ".bin" / "cdk").unlink()
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    folder = assembly_of(tmp_path / "synthesized", **{f"{PREFIX}network": OTHER_ALARM})
    result = scene.run("--assembly", str(folder))
    assert (result.exit_code, "`make setup` installs it" in result.stderr) == (1, True)
    assert scene.holders == [None, None, None]


def test_a_file_of_acknowledgements_that_is_not_there_is_refused(scene: Scene) -> None:
    result = scene.run("--acknowledge", "/nowhere")
    assert (result.exit_code, "--acknowledge /nowhere cannot be read" in result.stderr) == (1, True)
