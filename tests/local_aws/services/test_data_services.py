"""Databases, caches and streams that a stack creates are processes that answer."""

import json
import socket
from typing import Any

import psutil
import pytest

from local_aws.server import LocalAws
from tests.local_aws.cloudformation.sample_stacks import Stack, get
from tests.local_aws.ecs.sample_services import wait_for


class Client:
    """Speaks the stand-ins' protocol: a line of JSON for each request."""

    def __init__(self, host: str, port: str) -> None:
        self._file = socket.create_connection((host, int(port)), timeout=30).makefile("rw")

    def ask(self, **request: Any) -> dict[str, Any]:
        self._file.write(json.dumps(request) + "\n")
        self._file.flush()
        answer: dict[str, Any] = json.loads(self._file.readline())
        return answer


@pytest.fixture
def stack(aws: LocalAws) -> Stack:
    return Stack(aws.client("cloudformation"))


def test_database_answers_at_its_endpoint_with_its_generated_password(aws: LocalAws, stack: Stack) -> None:
    """aws-resource-rds-dbinstance.html, aws-resource-secretsmanager-secret.html"""
    generated = {
        "SecretStringTemplate": '{"username": "exchange"}',
        "GenerateStringKey": "password",
        "ExcludeCharacters": '"@/\\',
    }
    secret = {"Type": "AWS::SecretsManager::Secret", "Properties": {"GenerateSecretString": generated}}
    reference = "{{resolve:secretsmanager:${Secret}:SecretString:%s}}"
    database = {
        "Engine": "postgres",
        "DBInstanceClass": "db.t4g.medium",
        "AllocatedStorage": "20",
        "MasterUsername": {"Fn::Sub": reference % "username"},
        "MasterUserPassword": {"Fn::Sub": reference % "password"},
    }
    resources = {"Secret": secret, "Database": {"Type": "AWS::RDS::DBInstance", "Properties": database}}
    made = stack.create(
        resources,
        Host=get("Database", "Endpoint.Address"),
        Port=get("Database", "Endpoint.Port"),
        Secret={"Ref": "Secret"},
    )
    value = aws.client("secretsmanager").get_secret_value(SecretId=made["Secret"])["SecretString"]
    client, login = Client(made["Host"], made["Port"]), json.loads(value)
    assert made["Port"] == "5432"
    assert not client.ask(sql="select 1", username="exchange", password="wrong")["ok"]  # noqa: S106
    client.ask(sql="create table orders (id integer primary key, price real)", **login)
    client.ask(sql="insert into orders (price) values (?)", args=[3.5], **login)
    assert client.ask(sql="select * from orders", **login) == {"ok": True, "rows": [[1, 3.5]], "count": 1}
    twice = {"sql": "insert into orders (id) values (7)"}
    assert not client.ask(transaction=[twice, twice], **login)["ok"]
    assert client.ask(sql="select count(*) from orders", **login)["rows"] == [[1]]
    assert_gone_with(stack, made["Host"], made["Port"])


def assert_gone_with(stack: Stack, host: str, port: str) -> None:
    stack.delete()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection((host, int(port)), timeout=30)


def test_cache_keeps_values_and_queues(stack: Stack) -> None:
    """aws-resource-elasticache-replicationgroup.html"""
    group = {
        "ReplicationGroupDescription": "a test",
        "Engine": "redis",
        "CacheNodeType": "cache.t4g.small",
        "NumCacheClusters": 1,
    }
    made = stack.create(
        {"Cache": {"Type": "AWS::ElastiCache::ReplicationGroup", "Properties": group}},
        Host=get("Cache", "PrimaryEndPoint.Address"),
        Port=get("Cache", "PrimaryEndPoint.Port"),
    )
    client = Client(made["Host"], made["Port"])

    def say(*command: str) -> Any:
        return client.ask(command=command)["value"]

    assert (say("SET", "a", "1"), say("INCR", "a"), say("GET", "a"), say("DEL", "a")) == ("OK", 2, "2", 1)
    assert say("LPUSH", "queue", "first", "second") == 2
    assert (say("BRPOP", "queue", "1"), say("LLEN", "queue")) == (["queue", "first"], 1)
    assert say("BRPOP", "empty", "0.1") is None
    assert client.ask(command=["GET", "queue"])["error"].startswith("WRONGTYPE")
    assert_gone_with(stack, made["Host"], made["Port"])


def test_stream_is_found_by_its_bootstrap_brokers(aws: LocalAws, stack: Stack) -> None:
    """https://docs.aws.amazon.com/msk/1.0/apireference/clusters-clusterarn-bootstrap-brokers.html"""
    properties = {
        "ClusterName": stack.name,
        "KafkaVersion": "3.6.0",
        "NumberOfBrokerNodes": 2,
        "BrokerNodeGroupInfo": {"ClientSubnets": ["subnet-1", "subnet-2"], "InstanceType": "kafka.m7g.large"},
    }
    arn = stack.create({"Kafka": {"Type": "AWS::MSK::Cluster", "Properties": properties}}, Arn={"Ref": "Kafka"})["Arn"]
    brokers = aws.client("kafka").get_bootstrap_brokers(ClusterArn=arn)["BootstrapBrokerStringTls"]
    client = Client(*brokers.split(":"))
    assert client.ask(produce="orders", value="one")["offset"] == 0
    assert client.ask(lag="orders", group="engine") == {"ok": True, "committed": 0, "lag": 1}
    assert client.ask(fetch="orders", group="engine")["messages"] == [{"offset": 0, "value": "one"}]
    client.ask(commit="orders", group="engine", offset=1)
    assert client.ask(fetch="orders", group="engine", wait=0.05)["messages"] == []
    assert client.ask(end_offset="orders")["offset"] == 1
    assert not client.ask(commit="orders", group="engine", offset=9)["ok"]
    assert_gone_with(stack, *brokers.split(":"))


def test_programs_are_small_processes_of_the_local_aws(stack: Stack) -> None:
    group = {"ReplicationGroupDescription": "a test", "CacheNodeType": "cache.t4g.small", "NumCacheClusters": 1}
    stack.create({"Cache": {"Type": "AWS::ElastiCache::ReplicationGroup", "Properties": group}})

    def programs() -> list[psutil.Process]:
        children = psutil.Process().children(recursive=True)
        return [child for child in children if "data_service_programs.cache" in child.cmdline()]

    assert all(program.memory_info().rss < 60 * 2**20 for program in wait_for(programs, bool))
    stack.delete()
