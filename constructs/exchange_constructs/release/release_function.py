"""One function of the release: a handler of the shared `lambda/` asset with a role of its own."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from aws_cdk import Duration
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from constructs import Construct

from exchange_constructs.nag import acknowledge
from exchange_constructs.values import minutes, principal

_LAMBDA = Path(__file__).resolve().parents[3] / "lambda"


class ReleaseFunction(Construct):
    """Runs `release_handlers.<module>.handler`; `vpc` puts it into the private subnets, where the tasks are.

    It may take a minute, unless `timeout` says otherwise. `dead_letters` is told of events that it could not deal with;
    only a function that gets events needs it. `name` is for those that are called from outside of the app.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        module: str,
        name: str | None = None,
        environment: Mapping[str, str],
        retention: logs.RetentionDays,
        key: kms.IKey,
        timeout: Duration | None = None,
        memory_mb: int = 256,
        vpc: ec2.IVpc | None = None,
        security_groups: Sequence[ec2.ISecurityGroup] = (),
        dead_letters: sns.ITopic | None = None,
    ) -> None:
        super().__init__(scope, id_)
        log_group = logs.LogGroup(self, "Logs", retention=retention, encryption_key=key)
        self.role = role = iam.Role(self, "Role", assumed_by=principal("lambda.amazonaws.com"))
        log_group.grant_write(role)
        if vpc:
            _grant_network_interfaces(role)
        self.function = lambda_.Function(
            self,
            "Function",
            function_name=name,
            runtime=lambda_.Runtime.PYTHON_3_14,
            architecture=lambda_.Architecture.ARM_64,
            handler=f"release_handlers.{module}.handler",
            code=lambda_.Code.from_asset(str(_LAMBDA), exclude=["**/__pycache__"]),
            environment=dict(environment),
            role=role,
            log_group=log_group,
            timeout=timeout or minutes(1),
            memory_size=memory_mb,
            tracing=lambda_.Tracing.ACTIVE,
            vpc=vpc,
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS) if vpc else None,
            security_groups=list(security_groups) or None,
            dead_letter_topic=dead_letters,
        )
        self._acknowledge(has_dead_letters=dead_letters is not None)

    def _acknowledge(self, *, has_dead_letters: bool) -> None:
        acknowledge(
            self.role,
            {
                "AwsSolutions-IAM5[Resource::*]": "X-Ray, alarms, listener rules, task definitions, the list of tasks, "
                "jobs and network interfaces know no narrower resource; where they know a condition, it is set",
            },
        )
        if not has_dead_letters:
            reaches = (
                "every failure reaches the caller: CodePipeline, which does not wait, fails a job without an answer"
            )
            acknowledge(self.function, {"NIST.800.53.R5-LambdaDLQ": reaches})


def _grant_network_interfaces(role: iam.Role) -> None:
    """What a function in a VPC needs; EC2 knows no narrower resource for these actions.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions
    """
    actions = ("CreateNetworkInterface", "DescribeNetworkInterfaces", "DescribeSubnets", "DeleteNetworkInterface")
    role.add_to_policy(iam.PolicyStatement(actions=[f"ec2:{action}" for action in actions], resources=["*"]))
