"""The Registry stack: images are found again, unchanged, as long as a rollback may need them."""

import json

import pytest

from tests.infra.exchange import Json, exchange, template


@pytest.fixture(scope="module")
def repositories() -> dict[str, Json]:
    """Of staging, which has none to adopt."""
    return exchange("staging").resources("registry", "ECR::Repository")


def test_each_component_has_a_repository_and_so_has_the_broker(repositories: dict[str, Json]) -> None:
    names = {one["Properties"]["RepositoryName"] for one in repositories.values()}
    assert names == {*(f"exchange-staging-{name}" for name in ("backend", "client", "engine")), "exchange-kafka"}


def test_f7_no_tag_can_be_moved_to_another_image() -> None:
    template("staging", "registry").all_resources_properties(
        "AWS::ECR::Repository", {"ImageTagMutability": "IMMUTABLE"}
    )


def test_images_are_scanned_when_they_are_pushed() -> None:
    template("staging", "registry").all_resources_properties(
        "AWS::ECR::Repository", {"ImageScanningConfiguration": {"ScanOnPush": True}}
    )


def test_images_are_encrypted_with_a_key_of_kms() -> None:
    template("staging", "registry").all_resources_properties(
        "AWS::ECR::Repository", {"EncryptionConfiguration": {"EncryptionType": "KMS"}}
    )


def test_f8_only_what_no_build_has_finished_expires(repositories: dict[str, Json]) -> None:
    """Each build tags its image with its commit, so an image that a rollback needs has a tag."""
    texts = [one["Properties"]["LifecyclePolicy"]["LifecyclePolicyText"] for one in repositories.values()]
    selected = [rule["selection"]["tagStatus"] for text in texts for rule in json.loads(text)["rules"]]
    assert selected == ["untagged"] * len(repositories)


def test_images_outlive_the_stack() -> None:
    template("staging", "registry").all_resources(
        "AWS::ECR::Repository", {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
    )


def test_adopted_repositories_are_not_created() -> None:
    known = exchange("prod2")
    created = {one["RepositoryName"] for one in known.properties("registry", "ECR::Repository")}
    assert created.isdisjoint(known.settings.adopt.repositories.values())
    assert len(known.settings.adopt.repositories) == 3


def test_a_component_runs_the_images_of_its_adopted_repository() -> None:
    known = exchange("prod2")
    images = {name: json.dumps(known.container(name, service.key)["Image"]) for name, service in known.services()}
    assert set(images) == set(known.settings.adopt.repositories)
    assert all(f"/{known.settings.adopt.repositories[name]}@" in image for name, image in images.items())


@pytest.mark.parametrize("environment", ["staging", "prod2"])
def test_a_stack_without_a_resource_is_no_stack(environment: str) -> None:
    """CloudFormation refuses it: "At least one Resources member must be defined"."""
    assert exchange(environment).templates["registry"].get("Resources")
