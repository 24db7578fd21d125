"""Where the services of one component live."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs

from exchange_constructs.service.released_image import ReleasedImage


@dataclass(frozen=True)
class Peer:
    """Something that a service talks to, and on which port."""

    connections: ec2.IConnectable
    port: ec2.Port


@dataclass(frozen=True)
class ServiceContext:
    """Shared by all services of a component: cluster, image, logs, what its containers are told and whom they reach.

    `namespace` is the name of the Service Connect namespace, `alarm_prefix` the beginning of its alarms' names;
    `environment` and `secrets` are docs/contracts.md's.
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
        """The cluster's."""
        return self.cluster.vpc
