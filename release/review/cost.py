"""Reckons what a change costs a month, by list prices, and names what it touches that has no price here.

A resource is billed, while nobody uses it, in units of the price table `prices.toml`. Traffic, requests and stored
bytes depend on use and are in no template.
"""

import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from release.review.changes import Change, Impact, Json, StackChange, listed, path_of, property_at
from release.review.restarts import task_of

_TABLE = Path(__file__).with_name("prices.toml")
EVERYWHERE = "every region"
_KEPT = ("Retain", "RetainExceptOnCreate")


@dataclass(frozen=True)
class BilledUnit:
    """Counts what is billed under one price; `price` is a key of the price table."""

    price: str
    count: float


def units_of(logical_id: str, resources: Mapping[str, Json]) -> Sequence[BilledUnit] | None:
    """Return the units of a resource: empty for a free one, None where its template does not tell what it costs."""
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


def _service(logical_id: str, resources: Mapping[str, Json]) -> Sequence[BilledUnit] | None:
    """Count as many tasks as autoscaling keeps at least: https://aws.amazon.com/fargate/pricing/"""
    service = resources[logical_id]
    task = resources.get(task_of(service))
    if task is None or property_at(service, "LaunchType") not in (None, "FARGATE"):
        return None
    processor = str(property_at(task, "RuntimePlatform.CpuArchitecture") or "X86_64").lower()
    try:
        tasks = float(_tasks(logical_id, resources))
        cpu, memory = float(property_at(task, "Cpu")) / 1024, float(property_at(task, "Memory")) / 1024
        storage = max(0.0, float(property_at(task, "EphemeralStorage.SizeInGiB") or 20) - 20)
    except (TypeError, ValueError):
        return None
    units = [
        BilledUnit(f"fargate_{processor}_vcpu_hour", tasks * cpu),
        BilledUnit(f"fargate_{processor}_gb_hour", tasks * memory),
        BilledUnit("fargate_storage_gb_hour", tasks * storage),
    ]
    return [unit for unit in units if unit.count]


def _tasks(logical_id: str, resources: Mapping[str, Json]) -> float:
    """Return the floor of its autoscaling, else the desired count, else the one task with which ECS begins."""
    for other in resources.values():
        if other["Type"] == "AWS::ApplicationAutoScaling::ScalableTarget" and logical_id in str(
            property_at(other, "ResourceId")
        ):
            return float(property_at(other, "MinCapacity"))
    desired = property_at(resources[logical_id], "DesiredCount")
    return 1.0 if desired is None else float(desired)


def _database(resource: Json) -> Iterator[BilledUnit]:
    """Bill the standby like the primary, storage included.

    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_OnDemandDBInstances.html
    """
    copies = 2 if property_at(resource, "MultiAZ") is True else 1
    size = str(property_at(resource, "DBInstanceClass")).removeprefix("db.").replace(".", "_")
    yield BilledUnit(f"database_{property_at(resource, 'Engine')}_{size}_hour", copies)
    yield BilledUnit(
        f"database_{property_at(resource, 'StorageType')}_gb_month",
        copies * float(property_at(resource, "AllocatedStorage") or 0),
    )


def _cache(resource: Json) -> Iterator[BilledUnit]:
    size = str(property_at(resource, "CacheNodeType")).removeprefix("cache.").replace(".", "_")
    clusters = property_at(resource, "NumCacheClusters")
    shards, replicas = property_at(resource, "NumNodeGroups") or 1, property_at(resource, "ReplicasPerNodeGroup") or 0
    nodes = float(clusters) if clusters is not None else float(shards) * (1 + float(replicas))
    yield BilledUnit(f"cache_{property_at(resource, 'Engine') or 'redis'}_{size}_hour", nodes)


def _brokers(resource: Json) -> Iterator[BilledUnit]:
    size = str(property_at(resource, "BrokerNodeGroupInfo.InstanceType")).removeprefix("kafka.").replace(".", "_")
    brokers = float(property_at(resource, "NumberOfBrokerNodes"))
    yield BilledUnit(f"broker_{size}_hour", brokers)
    storage = property_at(resource, "BrokerNodeGroupInfo.StorageInfo.EBSStorageInfo.VolumeSize")
    yield BilledUnit("broker_gb_month", brokers * float(storage or 0))


def _endpoint(resource: Json) -> Iterator[BilledUnit]:
    """Bill interface endpoints by their zones; gateway endpoints are free.

    https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html
    """
    if property_at(resource, "VpcEndpointType") == "Interface":
        yield BilledUnit("interface_endpoint_zone_hour", len(listed(property_at(resource, "SubnetIds"))))


def _firewall(resource: Json) -> Iterator[BilledUnit]:
    yield BilledUnit("firewall_month", 1)
    yield BilledUnit("firewall_rule_month", len(listed(property_at(resource, "Rules"))))


def _single(price: str) -> Callable[[Json], Iterator[BilledUnit]]:
    return lambda _resource: iter((BilledUnit(price, 1),))


_BILLED: Mapping[str, Callable[[Json], Iterator[BilledUnit]]] = {
    "AWS::RDS::DBInstance": _database,
    "AWS::ElastiCache::ReplicationGroup": _cache,
    "AWS::MSK::Cluster": _brokers,
    "AWS::EC2::VPCEndpoint": _endpoint,
    "AWS::EC2::NatGateway": _single("nat_gateway_hour"),
    "AWS::EC2::EIP": _single("public_address_hour"),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": _single("load_balancer_hour"),
    "AWS::WAFv2::WebACL": _firewall,
    "AWS::KMS::Key": _single("key_month"),
    "AWS::SecretsManager::Secret": _single("secret_month"),
    "AWS::CloudWatch::Alarm": _single("alarm_month"),
    "AWS::CloudWatch::Dashboard": _single("dashboard_month"),
    "AWS::CodePipeline::Pipeline": _single("pipeline_month"),
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


@dataclass(frozen=True)
class Price:
    """Holds the US dollars for one unit; `region` is where that price holds."""

    usd: float
    region: str


@dataclass(frozen=True)
class Prices:
    """Holds the price table, and when somebody last looked whether it is right."""

    checked: date
    hours: float
    prices: Mapping[str, Price]

    def monthly(self, unit: BilledUnit) -> float:
        """Return the US dollars a month; 0 for what the table does not know, which is listed apart as not priced."""
        price = self.prices.get(unit.price)
        if price is None:
            return 0.0
        return price.usd * unit.count * (self.hours if unit.price.endswith("_hour") else 1)


@dataclass(frozen=True)
class CostLine:
    """Holds what one resource costs, in US dollars a month before and after."""

    path: str
    before: float
    after: float


@dataclass(frozen=True)
class Cost:
    """Holds what changes in the bill.

    `not_priced` names what is not in the sum, and why; `elsewhere` the prices that hold for another region only.
    """

    lines: tuple[CostLine, ...]
    not_priced: tuple[str, ...]
    elsewhere: tuple[str, ...]
    checked: date

    @property
    def difference(self) -> float:
        return round(sum(line.after - line.before for line in self.lines), 2)


@cache
def list_prices() -> Prices:
    """Read `prices.toml`."""
    table = tomllib.loads(_TABLE.read_text(encoding="utf-8"))
    checked, hours = table.pop("checked"), table.pop("hours")
    prices = {name: Price(float(entry["usd"]), entry["region"]) for name, entry in table.items()}
    return Prices(checked, float(hours), prices)


def cost_of(stacks: Sequence[StackChange], region: str, prices: Prices) -> Cost:
    """Compare the bills before and after, as far as templates tell; a resource that costs the same is not named."""
    lines: list[CostLine] = []
    unknown: dict[str, None] = {}
    used: set[str] = set()
    for stack in stacks:
        for path, kind, before, after in _billed(stack):
            missing = _unpriced(kind, before, after, prices)
            unknown |= dict.fromkeys(f"{path}: {why}" for why in missing)
            line = CostLine(path, _sum(before, prices), _sum(after, prices))
            if round(line.before, 2) != round(line.after, 2):
                lines.append(line)
                used |= {unit.price for unit in (*(before or ()), *(after or ())) if unit.price in prices.prices}
    others = {name: prices.prices[name].region for name in sorted(used)}
    elsewhere = tuple(f"{name}: {where}" for name, where in others.items() if where not in (region, EVERYWHERE))
    return Cost(tuple(lines), tuple(unknown), elsewhere, prices.checked)


_Units = Sequence[BilledUnit] | None


def _billed(stack: StackChange) -> Iterator[tuple[str, str, _Units, _Units]]:
    """Iterate over path, type, and units before and after, of all resources whose bill changes or may change.

    A stack that leaves the application stays where it is, and so does its bill.
    """
    before, after = (side.get("Resources", {}) for side in (stack.before, stack.after))
    staying = {change.logical_id for change in stack.changes if _stays(change)}
    for id_ in {**before, **after} if stack.new is not None else ():
        resource: Json = after.get(id_) or before[id_]
        old: _Units = units_of(id_, before) if id_ in before else ()
        new: _Units = units_of(id_, after) if id_ in after else ()
        if id_ in staying:
            new = None if old is None or new is None else (*old, *new)
        if old != new:
            yield path_of(stack.name, id_, resource), resource["Type"], old, new


def _stays(change: Change) -> bool:
    """Tell whether a policy keeps the old resource beside the new one, so that it is billed on."""
    replaced = change.impact is Impact.REPLACE and (change.old or {}).get("UpdateReplacePolicy") in _KEPT
    return change.impact is Impact.ORPHAN or replaced


def _unpriced(kind: str, before: _Units, after: _Units, prices: Prices) -> Iterator[str]:
    if before is None or after is None:
        yield f"{kind} is billed by its use, or by a size that no template tells"
    changed = [
        unit for unit in (*(before or ()), *(after or ())) if unit not in (before or ()) or unit not in (after or ())
    ]
    yield from (f"no price of {unit.price} in the table" for unit in changed if unit.price not in prices.prices)


def _sum(units: _Units, prices: Prices) -> float:
    return sum(prices.monthly(unit) for unit in units or ())
