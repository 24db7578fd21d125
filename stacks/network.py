"""The stack of the network: the subnets, and the endpoints by which AWS is reached from inside."""

from typing import Any

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from exchange_constructs.keys import encryption_key
from exchange_constructs.nag import acknowledge
from exchange_constructs.observability import retention_of
from settings.loading import Settings


class NetworkStack(Stack):
    """A VPC with public subnets for the load balancer, private ones for tasks, and isolated ones for data."""

    def __init__(self, scope: Construct, id_: str, *, settings: Settings, **kwargs: Any) -> None:
        super().__init__(scope, id_, **kwargs)
        self.vpc = ec2.Vpc(
            self,
            "Vpc",
            ip_addresses=ec2.IpAddresses.cidr(settings.network.cidr),
            availability_zones=list(settings.availability_zones),
            nat_gateways=settings.network.nat_gateways,
            subnet_configuration=[
                ec2.SubnetConfiguration(
                    name="public", subnet_type=ec2.SubnetType.PUBLIC, cidr_mask=24, map_public_ip_on_launch=False
                ),
                ec2.SubnetConfiguration(name="private", subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS, cidr_mask=24),
                ec2.SubnetConfiguration(name="data", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED, cidr_mask=24),
            ],
            gateway_endpoints={
                "S3": ec2.GatewayVpcEndpointOptions(service=ec2.GatewayVpcEndpointAwsService.S3),
                "DynamoDb": ec2.GatewayVpcEndpointOptions(service=ec2.GatewayVpcEndpointAwsService.DYNAMODB),
            },
            # CDK's way is a function that edits it; no security group of this project is the default one
            restrict_default_security_group=False,
        )
        self.log_key = encryption_key(self, "LogKey", removal_policy=RemovalPolicy.RETAIN)
        for name in settings.network.interface_endpoints:
            id_ = "".join(word.capitalize() for word in name.replace(".", "-").split("-"))
            self.vpc.add_interface_endpoint(id_, service=ec2.InterfaceVpcEndpointAwsService(name))
        self._flow_logs(settings)
        self._acknowledge()

    def _flow_logs(self, settings: Settings) -> None:
        """Log which connections were let through and which were not; kept as long as any log."""
        retention = retention_of(settings.logs.retention_days)
        group = logs.LogGroup(self, "FlowLogs", retention=retention, encryption_key=self.log_key)
        role = iam.Role(self, "FlowLogRole", assumed_by=iam.ServicePrincipal("vpc-flow-logs.amazonaws.com"))
        self.vpc.add_flow_log("FlowLog", destination=ec2.FlowLogDestination.to_cloud_watch_logs(group, role))

    def _acknowledge(self) -> None:
        unused = "nothing is ever in it: each construct here makes a security group of its own"
        acknowledge(self.vpc, {"NIST.800.53.R5-VPCDefaultSecurityGroupClosed": unused})
        for subnet in self.vpc.public_subnets:
            reason = "the public subnets hold the load balancer and the NAT gateways, which need the way out and in"
            acknowledge(subnet, {"NIST.800.53.R5-VPCNoUnrestrictedRouteToIGW": reason})
