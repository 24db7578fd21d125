"""What all services have in common: their context, their security group, their scaling, and how they are deployed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, cast

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

from exchange_constructs.service.images import ReleasedImage
from exchange_constructs.values import anywhere, tcp


@dataclass(frozen=True)
class Peer:
    """Something that a service calls, and at which port."""

    connections: ec2.IConnectable
    port: ec2.Port


@dataclass(frozen=True)
class ServiceContext:
    """What all services of a component share: cluster, image, logs, environment variables, and whom they may call.

    `namespace` is the name of the Service Connect namespace; the names of the alarms begin with `alarm_prefix`;
    docs/contracts.md lists `environment` and `secrets`.
    """

    cluster: ecs.ICluster
    namespace: str
    image: ReleasedImage
    retention: logs.RetentionDays
    key: kms.IKey
    component: str
    alarm_prefix: str
    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, ecs.Secret] = field(default_factory=dict)
    peers: Sequence[Peer] = ()

    @cached_property
    def vpc(self) -> ec2.IVpc:
        """Return the VPC of the cluster."""
        return self.cluster.vpc


def service_group(scope: Construct, context: ServiceContext) -> ec2.SecurityGroup:
    """Make a group that lets nobody in, and out only to the peers and by HTTPS: APIs of AWS and of partners."""
    group = ec2.SecurityGroup(
        scope,
        "SecurityGroup",
        vpc=context.vpc,
        description=f"{scope.node.path}: tasks",
        allow_all_outbound=False,
    )
    group.add_egress_rule(anywhere(), tcp(443), "APIs of AWS and of partners")
    connections = group.connections
    for peer in context.peers:
        connections.allow_to(peer.connections, peer.port)
    return group


def fargate_service(
    scope: Construct,
    context: ServiceContext,
    definition: ecs.FargateTaskDefinition,
    group: ec2.SecurityGroup,
    *,
    name: str,
    offered: Sequence[ecs.ServiceConnectService] = (),
    **more: Any,
) -> ecs.FargateService:
    """Make a service in the private subnets, which exists once an image was released. It has no desired count (F6).

    It calls the services of the namespace by name, and is called at what it has `offered`.
    """
    service = ecs.FargateService(
        scope,
        "Service",
        cluster=context.cluster,
        service_name=name,
        task_definition=definition,
        security_groups=[group],
        vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS),
        assign_public_ip=False,
        enable_ecs_managed_tags=True,
        propagate_tags=ecs.PropagatedTagSource.SERVICE,
        service_connect_configuration=ecs.ServiceConnectProps(namespace=context.namespace, services=list(offered)),
        **more,
    )
    context.image.hold_back(service)
    return service


def scale(service: ecs.FargateService, context: ServiceContext, *, minimum: int, maximum: int) -> None:
    """Scale between the two counts by the processors' load; nothing else sets the count."""
    scaling = service.auto_scale_task_count(min_capacity=minimum, max_capacity=maximum)
    scaling.scale_on_cpu_utilization("Load", target_utilization_percent=60)
    context.image.hold_back(service.node.find_child("TaskCount"))


def set_deployment(service: ecs.FargateService, settings: Mapping[str, Any]) -> None:
    """Set properties of DeploymentConfiguration, by their paths, that the L2 construct does not know yet."""
    resource = cast(ecs.CfnService, service.node.find_child("Service"))
    for path, value in settings.items():
        resource.add_property_override(f"DeploymentConfiguration.{path}", value)


def rolling_service(
    scope: Construct,
    context: ServiceContext,
    definition: ecs.FargateTaskDefinition,
    group: ec2.SecurityGroup,
    *,
    name: str,
    **more: Any,
) -> ecs.FargateService:
    """Make a service that is replaced in place; three crashes roll a deployment back, however large the fleet (F3).

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ThresholdConfiguration.html
    """
    breaker = ecs.DeploymentCircuitBreaker(enable=True, rollback=True)
    service = fargate_service(scope, context, definition, group, name=name, circuit_breaker=breaker, **more)
    settings = {"ResetOnHealthyTask": False, "ThresholdConfiguration": {"Type": "COUNT", "Value": 3}}
    set_deployment(service, {"DeploymentCircuitBreaker": settings})
    return service
