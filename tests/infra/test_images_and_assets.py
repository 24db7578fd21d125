"""What builds leave, images and hashed assets: found again, unchanged, as long as a rollback may need them (F31)."""

import json
from dataclasses import replace
from typing import Any

import pytest
from aws_cdk import App, Environment

from stacks.data import DataStack
from stacks.network import NetworkStack
from stacks.platform import PlatformStack
from stacks.registry import RegistryStack
from tests.infra.exchange import CONTEXT, ENVIRONMENTS, SERVICES, Json, exchange, listed, template


@pytest.fixture(scope="module")
def repositories() -> dict[str, Json]:
    """Return the repositories of staging, which has none to adopt."""
    return exchange("staging").resources("registry", "ECR::Repository")


def test_each_component_has_a_repository_and_so_has_the_broker(repositories: dict[str, Json]) -> None:
    names = {repository["Properties"]["RepositoryName"] for repository in repositories.values()}
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
    texts = [repository["Properties"]["LifecyclePolicy"]["LifecyclePolicyText"] for repository in repositories.values()]
    selected = [rule["selection"]["tagStatus"] for text in texts for rule in json.loads(text)["rules"]]
    assert selected == ["untagged"] * len(repositories)


def test_images_outlive_the_stack() -> None:
    template("staging", "registry").all_resources(
        "AWS::ECR::Repository", {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
    )


def test_adopted_repositories_are_not_created() -> None:
    known = exchange("prod2")
    created = {repository["RepositoryName"] for repository in known.properties("registry", "ECR::Repository")}
    assert created.isdisjoint(known.settings.adopt.repositories.values())
    assert len(known.settings.adopt.repositories) == 3


def test_a_component_runs_the_images_of_its_adopted_repository() -> None:
    known = exchange("prod2")
    images = {name: json.dumps(known.container(name, service.key)["Image"]) for name, service in known.services()}
    assert set(images) == set(known.settings.adopt.repositories)
    assert all(f"/{known.settings.adopt.repositories[name]}@" in image for name, image in images.items())


everywhere = pytest.mark.parametrize("environment", ENVIRONMENTS)
each_service = pytest.mark.parametrize(("environment", "component", "service"), SERVICES)


def only(environment: str, kind: str) -> tuple[str, Json]:
    """Return the logical id and the properties of the assets' resource of this type."""
    resources = exchange(environment).resources("data", kind).items()
    [(id_, resource)] = [(id_, resource) for id_, resource in resources if id_.startswith("Assets")]
    return id_, resource["Properties"]


def granted(environment: str) -> list[Json]:
    statements: list[Json] = only(environment, "IAM::ManagedPolicy")[1]["PolicyDocument"]["Statement"]
    return statements


@everywhere
def test_f31_assets_are_kept_as_long_as_the_settings_say(environment: str) -> None:
    _, bucket = only(environment, "S3::Bucket")
    days = [rule["ExpirationInDays"] for rule in bucket["LifecycleConfiguration"]["Rules"]]
    assert days == [exchange(environment).settings.assets.kept_days]


@everywhere
def test_assets_are_given_out_by_tasks_alone(environment: str) -> None:
    _, bucket = only(environment, "S3::Bucket")
    access = bucket["PublicAccessBlockConfiguration"]
    assert (set(access.values()), len(access)) == ({True}, 4)
    assert "WebsiteConfiguration" not in bucket


@everywhere
def test_f31_nobody_writes_over_an_asset_nor_talks_of_it_in_the_clear(environment: str) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html"""
    id_, _ = only(environment, "S3::Bucket")
    objects = {"Fn::Join": ["", [{"Fn::GetAtt": [id_, "Arn"]}, "/*"]]}
    statements = only(environment, "S3::BucketPolicy")[1]["PolicyDocument"]["Statement"]
    assert {statement["Effect"] for statement in statements} == {"Deny"}
    assert {json.dumps(statement["Principal"]) for statement in statements} == {'{"AWS": "*"}'}
    refused = {
        json.dumps(statement["Condition"]): (listed(statement["Action"]), listed(statement["Resource"]))
        for statement in statements
    }
    unconditional, plain = '{"Null": {"s3:if-none-match": "true"}}', '{"Bool": {"aws:SecureTransport": "false"}}'
    assert set(refused) == {unconditional, plain}
    assert refused[unconditional] == (["s3:PutObject"], [objects])
    assert refused[plain][0] == ["s3:*"]


@everywhere
def test_who_has_assets_puts_and_gets_them_but_deletes_none(environment: str) -> None:
    id_, _ = only(environment, "S3::Bucket")
    actions = {json.dumps(statement["Resource"]): listed(statement["Action"]) for statement in granted(environment)}
    assert sorted(actions.values()) == [
        ["kms:Decrypt", "kms:GenerateDataKey"],
        ["s3:GetObject", "s3:PutObject"],
        ["s3:ListBucket"],
    ]
    of_s3 = [resource for resource, allowed in actions.items() if allowed[0].startswith("s3:")]
    assert all(f'"{id_}", "Arn"' in resource for resource in of_s3)


@everywhere
def test_the_key_of_the_environment_is_used_for_s3_alone(environment: str) -> None:
    [decrypting] = [statement for statement in granted(environment) if "kms:Decrypt" in listed(statement["Action"])]
    assert decrypting["Condition"] == {"StringEquals": {"kms:ViaService": "s3.us-west-2.amazonaws.com"}}


@each_service
def test_a_service_with_assets_knows_their_bucket_and_may_use_it_and_no_other_does(
    environment: str, component: str, service: str
) -> None:
    known = exchange(environment)
    path = known.settings.components[component].services[service].assets_path
    variables = {variable["Name"]: variable["Value"] for variable in known.container(component, service)["Environment"]}
    role = known.resources(component, "IAM::Role")[known.task(component, service)["TaskRoleArn"]["Fn::GetAtt"][0]]
    assert variables.get("ASSETS_PATH") == path
    assert ("ASSETS_BUCKET" in variables) is (path is not None)
    assert ("AssetsAccess" in json.dumps(role["Properties"].get("ManagedPolicyArns", []))) is (path is not None)


def test_f31_the_client_has_assets() -> None:
    assert exchange("prod2").settings.components["client"].services["web"].assets_path == "/_next/static/"


def test_without_a_service_that_has_assets_there_is_no_bucket_for_them() -> None:
    settings = exchange("staging").settings
    client = settings.components["client"]
    web = client.services["web"].model_copy(update={"assets_path": None})
    plain = client.model_copy(update={"services": {"web": web}})
    settings = replace(settings, components={**settings.components, "client": plain})
    app = App(context=CONTEXT)
    shared: dict[str, Any] = {"settings": settings, "env": Environment(region="us-west-2")}
    network = NetworkStack(app, "Network", **shared)
    platform = PlatformStack(app, "Platform", network=network, **shared)
    registry = RegistryStack(app, "Registry", **shared)
    assert DataStack(app, "Data", network=network, platform=platform, registry=registry, **shared).assets is None
