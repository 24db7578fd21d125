"""The Data stack: what must never be lost; Kafka as Amazon MSK in production, as one broker of our own in staging."""

import json
from typing import Any

import pytest

from tests.infra.exchange import ENVIRONMENTS, Json, exchange, template

Path = tuple[str | int, ...]
# type -> the property that says with which key it is encrypted
STATEFUL: dict[str, Path] = {
    "RDS::DBInstance": ("KmsKeyId",),
    "ElastiCache::ReplicationGroup": ("KmsKeyId",),
    "DynamoDB::Table": ("SSESpecification", "KMSMasterKeyId"),
    "S3::Bucket": (
        "BucketEncryption",
        "ServerSideEncryptionConfiguration",
        0,
        "ServerSideEncryptionByDefault",
        "KMSMasterKeyID",
    ),
    "SecretsManager::Secret": ("KmsKeyId",),
}
KAFKA: dict[str, dict[str, Path]] = {
    "staging": {"EFS::FileSystem": ("KmsKeyId",)},
    "prod2": {"MSK::Cluster": ("EncryptionInfo", "EncryptionAtRest", "DataVolumeKMSKeyId")},
}
CASES = [
    (environment, kind, path) for environment in ENVIRONMENTS for kind, path in (STATEFUL | KAFKA[environment]).items()
]


def inside(value: Any, path: Path) -> Any:
    for step in path:
        value = value[step]
    return value


def key(environment: str) -> Json:
    """Return the reference to the environment's key."""
    (id_,) = exchange(environment).resources("data", "KMS::Key")
    return {"Fn::GetAtt": [id_, "Arn"]}


@pytest.mark.parametrize(("environment", "kind", "path"), CASES)
def test_f28_what_has_state_outlives_the_stack_and_its_own_replacement(environment: str, kind: str, path: Path) -> None:
    resources = exchange(environment).resources("data", kind).values()
    assert resources
    assert {(resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) for resource in resources} == {
        ("Retain", "Retain")
    }


@pytest.mark.parametrize(("environment", "kind", "path"), CASES)
def test_what_has_state_is_encrypted_with_the_key_of_the_environment(environment: str, kind: str, path: Path) -> None:
    resources = exchange(environment).properties("data", kind)
    assert [inside(resource, path) for resource in resources] == [key(environment)] * len(resources)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_key_is_kept_and_turned(environment: str) -> None:
    template(environment, "data").has_resource(
        "AWS::KMS::Key", {"DeletionPolicy": "Retain", "Properties": {"EnableKeyRotation": True}}
    )


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_f28_database_and_ledger_are_protected_from_deletion_in_production(environment: str) -> None:
    known = exchange(environment)
    assert known.only("data", "RDS::DBInstance")["DeletionProtection"] is known.settings.production
    assert known.only("data", "DynamoDB::Table")["DeletionProtectionEnabled"] is known.settings.production


@pytest.mark.parametrize(("environment", "zones"), [("staging", False), ("prod2", True)])
def test_production_survives_the_loss_of_a_zone(environment: str, zones: bool) -> None:
    known = exchange(environment)
    cache = known.only("data", "ElastiCache::ReplicationGroup")
    assert known.only("data", "RDS::DBInstance")["MultiAZ"] is zones
    assert (cache["MultiAZEnabled"], cache["AutomaticFailoverEnabled"]) == (zones, zones)
    assert cache["NumCacheClusters"] == 1 + known.settings.cache.replicas


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_database_is_encrypted_backed_up_and_not_public(environment: str) -> None:
    days = exchange(environment).settings.database.backup_days
    wanted = {"StorageEncrypted": True, "BackupRetentionPeriod": days, "PubliclyAccessible": False}
    template(environment, "data").has_resource_properties("AWS::RDS::DBInstance", wanted)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_nobody_talks_to_the_database_or_the_cache_in_the_clear(environment: str) -> None:
    known = exchange(environment)
    assert known.only("data", "RDS::DBParameterGroup")["Parameters"]["rds.force_ssl"] == "1"
    cache = known.only("data", "ElastiCache::ReplicationGroup")
    assert (cache["TransitEncryptionEnabled"], cache["AtRestEncryptionEnabled"]) == (True, True)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_passwords_are_references_that_cloudformation_resolves(environment: str) -> None:
    known = exchange(environment)
    database, cache = known.only("data", "RDS::DBInstance"), known.only("data", "ElastiCache::ReplicationGroup")
    for password in (database["MasterUserPassword"], cache["AuthToken"]):
        assert "{{resolve:secretsmanager:" in json.dumps(password)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_secrets_are_generated_never_written_in_the_template(environment: str) -> None:
    secrets = exchange(environment).properties("data", "SecretsManager::Secret")
    assert len(secrets) == 6
    assert all("GenerateSecretString" in secret and "SecretString" not in secret for secret in secrets)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_no_job_is_thrown_away_when_the_cache_is_full(environment: str) -> None:
    parameters = exchange(environment).only("data", "ElastiCache::ParameterGroup")
    assert parameters["Properties"]["maxmemory-policy"] == "noeviction"


def snapshots(environment: str, kind: str) -> Json:
    """Return the properties of the snapshots' resource of this type."""
    resources = exchange(environment).resources("data", kind).items()
    [resource] = [resource for id_, resource in resources if id_.startswith("Snapshots")]
    return dict(resource["Properties"])


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_snapshot_that_was_overwritten_is_still_there_for_a_while(environment: str) -> None:
    bucket = snapshots(environment, "S3::Bucket")
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    rules = bucket["LifecycleConfiguration"]["Rules"]
    assert [rule["NoncurrentVersionExpiration"]["NoncurrentDays"] for rule in rules] == [90]
    assert not [rule for rule in rules if "ExpirationInDays" in rule]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_ledger_has_the_keys_of_the_contract_and_can_be_turned_back(environment: str) -> None:
    template(environment, "data").has_resource_properties(
        "AWS::DynamoDB::Table",
        {
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
        },
    )


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_snapshots_are_private_and_move_encrypted_only(environment: str) -> None:
    plain = {"Effect": "Deny", "Action": "s3:*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    [refusal] = snapshots(environment, "S3::BucketPolicy")["PolicyDocument"]["Statement"]
    assert refusal | plain == refusal
    access = snapshots(environment, "S3::Bucket")["PublicAccessBlockConfiguration"]
    assert set(access.values()) == {True}
    assert len(access) == 4


SERVER_PROPERTIES = """\
auto.create.topics.enable=false
default.replication.factor=3
min.insync.replicas=2
unclean.leader.election.enable=false"""


@pytest.fixture(scope="module")
def cluster() -> Json:
    return exchange("prod2").only("data", "MSK::Cluster")


@pytest.fixture(scope="module")
def broker() -> Json:
    """Return the task definition of staging's broker."""
    return exchange("staging").only("data", "ECS::TaskDefinition")


def test_production_has_three_brokers_one_in_each_zone(cluster: Json) -> None:
    assert cluster["NumberOfBrokerNodes"] == 3
    assert len(cluster["BrokerNodeGroupInfo"]["ClientSubnets"]) == 3


def test_nobody_talks_to_the_brokers_in_the_clear(cluster: Json) -> None:
    assert cluster["EncryptionInfo"]["EncryptionInTransit"] == {"ClientBroker": "TLS", "InCluster": True}


def test_f25_no_message_is_acknowledged_that_only_one_broker_has() -> None:
    assert exchange("prod2").only("data", "MSK::Configuration")["ServerProperties"] == SERVER_PROPERTIES


def test_a_function_asks_for_the_brokers_that_cloudformation_does_not_know() -> None:
    known = exchange("prod2")
    (cluster,) = known.resources("data", "MSK::Cluster")
    (function,) = known.resources("data", "Lambda::Function")
    brokers = known.only("data", "Custom::BootstrapBrokers")
    assert brokers["ClusterArn"] == {"Fn::GetAtt": [cluster, "Arn"]}
    assert brokers["ServiceToken"] == {"Fn::GetAtt": [function, "Arn"]}
    template("prod2", "data").has_resource_properties(
        "AWS::Lambda::Function", {"Handler": "custom_resources.bootstrap_brokers.handler"}
    )


def test_the_function_may_ask_this_cluster_only() -> None:
    known = exchange("prod2")
    (cluster,) = known.resources("data", "MSK::Cluster")
    (policy,) = known.properties("data", "IAM::Policy")
    asking = [
        statement
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Action"] == "kafka:GetBootstrapBrokers"
    ]
    assert [statement["Resource"] for statement in asking] == [{"Fn::GetAtt": [cluster, "Arn"]}]


def test_staging_has_one_broker_that_people_know_by_name() -> None:
    names = [service["ServiceName"] for service in exchange("staging").properties("data", "ECS::Service")]
    assert names == ["exchange-kafka"]
    assert exchange("staging").resources("data", "MSK::Cluster") == {}


def test_f23_two_brokers_never_share_the_files() -> None:
    service = exchange("staging").ecs_service("exchange-kafka")
    deployment = service["DeploymentConfiguration"]
    assert (deployment["MinimumHealthyPercent"], deployment["MaximumPercent"]) == (0, 100)
    assert service["AvailabilityZoneRebalancing"] == "DISABLED"


def test_the_broker_keeps_its_log_on_files_that_outlive_its_task(broker: Json) -> None:
    (files,) = exchange("staging").resources("data", "EFS::FileSystem")
    (volume,) = broker["Volumes"]
    (container,) = broker["ContainerDefinitions"]
    mounted = volume["EFSVolumeConfiguration"]
    assert mounted["FilesystemId"] == {"Ref": files}
    assert (mounted["TransitEncryption"], mounted["AuthorizationConfig"]["IAM"]) == ("ENABLED", "ENABLED")
    variables = {variable["Name"]: variable["Value"] for variable in container["Environment"]}
    assert variables["KAFKA_LOG_DIRS"] == container["MountPoints"][0]["ContainerPath"]
    assert variables["KAFKA_PROCESS_ROLES"] == "broker,controller"


def test_f7_the_brokers_image_is_named_by_digest_and_by_no_release(broker: Json) -> None:
    (container,) = broker["ContainerDefinitions"]
    assert container["Image"]["Fn::Join"][1][-2:] == ["/exchange-kafka@", {"Ref": "KafkaImageDigest"}]
    assert "ImageDigest" not in exchange("staging").templates["data"]["Parameters"]


def test_the_broker_gets_time_to_close_its_log(broker: Json) -> None:
    (container,) = broker["ContainerDefinitions"]
    assert container["StopTimeout"] == 120
    assert container["HealthCheck"]["StartPeriod"] == 120


@pytest.mark.parametrize(("environment", "brokers"), [("staging", "exchange-kafka:9092"), ("prod2", None)])
def test_components_begin_with_the_brokers_of_their_environment(environment: str, brokers: str | None) -> None:
    for component, service in (("backend", "web"), ("engine", "app")):
        variables = {
            variable["Name"]: variable["Value"]
            for variable in exchange(environment).container(component, service)["Environment"]
        }
        if brokers:
            assert variables["KAFKA_BROKERS"] == brokers
        else:
            assert variables["KAFKA_BROKERS"]["Fn::GetStackOutput"]["StackName"] == "exchange-prod2-data"
