"""What a resource is billed for while nobody uses it: units of the price table, by the keys of `prices.toml`.

Traffic, requests and stored bytes depend on use and are in no template.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from release.review.changes import Json, at, listed
from release.review.restarts import task_of


@dataclass(frozen=True)
class Unit:
    """So many of what `price` names."""

    price: str
    count: float


def units_of(logical_id: str, resources: Mapping[str, Json]) -> Sequence[Unit] | None:
    """None for a resource that costs something which its template does not tell; none at all for one that is free."""
    resource = resources[logical_id]
    kind = resource["Type"]
    if kind == "AWS::ECS::Service":
        return _service(logical_id, resources)
    if rule := _BILLED.get(kind):
        try:
            return [unit for unit in rule(resource) if unit.count]
        except (TypeError, ValueError):  # a size that an intrinsic function tells, and only when deployed
            return None
    return None if kind in _BY_USE else ()


def _service(logical_id: str, resources: Mapping[str, Json]) -> Sequence[Unit] | None:
    """As many tasks as autoscaling keeps at least: https://aws.amazon.com/fargate/pricing/"""
    service = resources[logical_id]
    task = resources.get(task_of(service))
    if task is None or at(service, "LaunchType") not in (None, "FARGATE"):
        return None
    processor = str(at(task, "RuntimePlatform.CpuArchitecture") or "X86_64").lower()
    try:
        tasks = float(_tasks(logical_id, resources))
        cpu, memory = float(at(task, "Cpu")) / 1024, float(at(task, "Memory")) / 1024
        storage = max(0.0, float(at(task, "EphemeralStorage.SizeInGiB") or 20) - 20)
    except (TypeError, ValueError):
        return None
    units = [
        Unit(f"fargate_{processor}_vcpu_hour", tasks * cpu),
        Unit(f"fargate_{processor}_gb_hour", tasks * memory),
        Unit("fargate_storage_gb_hour", tasks * storage),
    ]
    return [unit for unit in units if unit.count]


def _tasks(logical_id: str, resources: Mapping[str, Json]) -> float:
    """The floor of its autoscaling, else the desired count, else the one task with which ECS begins."""
    for other in resources.values():
        if other["Type"] == "AWS::ApplicationAutoScaling::ScalableTarget" and logical_id in str(
            at(other, "ResourceId")
        ):
            return float(at(other, "MinCapacity"))
    wanted = at(resources[logical_id], "DesiredCount")
    return 1.0 if wanted is None else float(wanted)


def _database(resource: Json) -> Iterator[Unit]:
    """The standby is billed like the primary, storage included.

    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_OnDemandDBInstances.html
    """
    copies = 2 if at(resource, "MultiAZ") is True else 1
    size = str(at(resource, "DBInstanceClass")).removeprefix("db.").replace(".", "_")
    yield Unit(f"database_{at(resource, 'Engine')}_{size}_hour", copies)
    yield Unit(
        f"database_{at(resource, 'StorageType')}_gb_month", copies * float(at(resource, "AllocatedStorage") or 0)
    )


def _cache(resource: Json) -> Iterator[Unit]:
    size = str(at(resource, "CacheNodeType")).removeprefix("cache.").replace(".", "_")
    clusters = at(resource, "NumCacheClusters")
    shards, replicas = at(resource, "NumNodeGroups") or 1, at(resource, "ReplicasPerNodeGroup") or 0
    nodes = float(clusters) if clusters is not None else float(shards) * (1 + float(replicas))
    yield Unit(f"cache_{at(resource, 'Engine') or 'redis'}_{size}_hour", nodes)


def _brokers(resource: Json) -> Iterator[Unit]:
    size = str(at(resource, "BrokerNodeGroupInfo.InstanceType")).removeprefix("kafka.").replace(".", "_")
    brokers = float(at(resource, "NumberOfBrokerNodes"))
    yield Unit(f"broker_{size}_hour", brokers)
    storage = at(resource, "BrokerNodeGroupInfo.StorageInfo.EBSStorageInfo.VolumeSize")
    yield Unit("broker_gb_month", brokers * float(storage or 0))


def _endpoint(resource: Json) -> Iterator[Unit]:
    """Gateway endpoints are free: https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html"""
    if at(resource, "VpcEndpointType") == "Interface":
        yield Unit("interface_endpoint_zone_hour", len(listed(at(resource, "SubnetIds"))))


def _firewall(resource: Json) -> Iterator[Unit]:
    yield Unit("firewall_month", 1)
    yield Unit("firewall_rule_month", len(listed(at(resource, "Rules"))))


def _one(price: str) -> Callable[[Json], Iterator[Unit]]:
    return lambda _resource: iter((Unit(price, 1),))


_BILLED: Mapping[str, Callable[[Json], Iterator[Unit]]] = {
    "AWS::RDS::DBInstance": _database,
    "AWS::ElastiCache::ReplicationGroup": _cache,
    "AWS::MSK::Cluster": _brokers,
    "AWS::EC2::VPCEndpoint": _endpoint,
    "AWS::EC2::NatGateway": _one("nat_gateway_hour"),
    "AWS::EC2::EIP": _one("public_address_hour"),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": _one("load_balancer_hour"),
    "AWS::WAFv2::WebACL": _firewall,
    "AWS::KMS::Key": _one("key_month"),
    "AWS::SecretsManager::Secret": _one("secret_month"),
    "AWS::CloudWatch::Alarm": _one("alarm_month"),
    "AWS::CloudWatch::Dashboard": _one("dashboard_month"),
    "AWS::CodePipeline::Pipeline": _one("pipeline_month"),
}
_BY_USE = frozenset(
    {
        "AWS::CodeBuild::Project",
        "AWS::DynamoDB::Table",
        "AWS::EC2::FlowLog",
        "AWS::ECR::Repository",
        "AWS::EFS::FileSystem",
        "AWS::Lambda::Function",
        "AWS::Logs::LogGroup",
        "AWS::S3::Bucket",
        "AWS::SNS::Topic",
        "AWS::SQS::Queue",
        "AWS::StepFunctions::StateMachine",
    }
)
