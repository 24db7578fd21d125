"""Kafka, as Amazon MSK in production and as one broker of our own in staging."""

import pytest

from tests.infra.exchange import Json, exchange, template

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
    """Of staging, its task definition."""
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
    asked = known.only("data", "Custom::BootstrapBrokers")
    assert asked["ClusterArn"] == {"Fn::GetAtt": [cluster, "Arn"]}
    assert asked["ServiceToken"] == {"Fn::GetAtt": [function, "Arn"]}
    template("prod2", "data").has_resource_properties(
        "AWS::Lambda::Function", {"Handler": "custom_resources.bootstrap_brokers.handler"}
    )


def test_the_function_may_ask_this_cluster_only() -> None:
    known = exchange("prod2")
    (cluster,) = known.resources("data", "MSK::Cluster")
    (policy,) = known.properties("data", "IAM::Policy")
    asking = [one for one in policy["PolicyDocument"]["Statement"] if one["Action"] == "kafka:GetBootstrapBrokers"]
    assert [one["Resource"] for one in asking] == [{"Fn::GetAtt": [cluster, "Arn"]}]


def test_staging_has_one_broker_that_people_know_by_name() -> None:
    names = [one["ServiceName"] for one in exchange("staging").properties("data", "ECS::Service")]
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
    told = {one["Name"]: one["Value"] for one in container["Environment"]}
    assert told["KAFKA_LOG_DIRS"] == container["MountPoints"][0]["ContainerPath"]
    assert told["KAFKA_PROCESS_ROLES"] == "broker,controller"


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
        told = {one["Name"]: one["Value"] for one in exchange(environment).container(component, service)["Environment"]}
        if brokers:
            assert told["KAFKA_BROKERS"] == brokers
        else:
            assert told["KAFKA_BROKERS"]["Fn::GetStackOutput"]["StackName"] == "exchange-prod2-data"
