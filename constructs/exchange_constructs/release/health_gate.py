"""The health gate: asks every new task and says whether the release may go on."""

from collections.abc import Mapping

from aws_cdk import Duration
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from exchange_constructs.release.release_function import ReleaseFunction


class HealthGate(Construct):
    """One function for three callers: ECS, before it moves traffic, the release machine, while it bakes, and pipelines.

    A service that may be judged lets `security_group` in on its port.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        vpc: ec2.IVpc,
        code: lambda_.Code,
        environment: Mapping[str, str],
        retention: logs.RetentionDays,
        key: kms.IKey,
    ) -> None:
        super().__init__(scope, id_)
        self.security_group = ec2.SecurityGroup(
            self, "SecurityGroup", vpc=vpc, description="The health gate, which probes tasks", allow_all_outbound=True
        )
        gate = ReleaseFunction(
            self,
            "Gate",
            module="release_handlers.health_gate",
            code=code,
            environment=environment,
            retention=retention,
            key=key,
            timeout=Duration.minutes(5),
            memory_mb=512,
            vpc=vpc,
            security_groups=[self.security_group],
        )
        self.function, self.role = gate.function, gate.role
