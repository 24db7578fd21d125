"""The stack that all services share: the cluster, the load balancer, the names by which services call each other."""

from typing import Any

from aws_cdk import CfnOutput, Duration, Stack
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_servicediscovery as servicediscovery
from constructs import Construct

from exchange_constructs.network import AccessLogBucket, FrontDoor, WebFirewall
from exchange_constructs.observability import retention_of
from settings.loading import Settings
from stacks.network import NetworkStack


class PlatformStack(Stack):
    """The shared parts; the rules of `listeners` are in the stacks of the services (F18)."""

    def __init__(self, scope: Construct, id_: str, *, settings: Settings, network: NetworkStack, **kwargs: Any) -> None:
        super().__init__(scope, id_, **kwargs)
        name = settings.stack_name("").rstrip("-")
        self.cluster = self._cluster(settings, network, name)
        self.namespace = servicediscovery.HttpNamespace(
            self, "Namespace", name=name, description="Service Connect"
        ).namespace_name
        logs = AccessLogBucket(self, "AccessLogs", kept=Duration.days(settings.logs.retention_days))
        door = FrontDoor(
            self,
            "FrontDoor",
            vpc=network.vpc,
            access_logs=logs.bucket,
            certificate_arn=settings.domain.certificate_arn if settings.domain else None,
            test_cidrs=settings.network.test_cidrs,
            protect=settings.production,
        )
        self.load_balancer, self.listeners = door.load_balancer, door.listeners
        WebFirewall(
            self,
            "Firewall",
            name=name,
            load_balancer=self.load_balancer,
            key=network.log_key,
            retention=retention_of(settings.logs.retention_days),
        )
        CfnOutput(self, "LoadBalancerName", value=self.load_balancer.load_balancer_dns_name)

    def _cluster(self, settings: Settings, network: NetworkStack, name: str) -> ecs.ICluster:
        if settings.adopt.cluster:
            return ecs.Cluster.from_cluster_attributes(
                self, "Cluster", cluster_name=settings.adopt.cluster, vpc=network.vpc
            )
        return ecs.Cluster(
            self,
            "Cluster",
            cluster_name=name,
            vpc=network.vpc,
            container_insights_v2=ecs.ContainerInsights.ENHANCED,
        )
