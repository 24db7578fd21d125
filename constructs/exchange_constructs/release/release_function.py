"""One function of the release, a handler with a role of its own, and the code of all: the folder `lambda/`."""

import json
import re
import shutil
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

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
_COMPONENTS = "components.json"  # read by release_handlers


def code() -> lambda_.Code:
    """Return `lambda/` as it is, for functions that know nothing of the components."""
    return lambda_.Code.from_asset(str(_LAMBDA), exclude=["**/__pycache__"])


def code_with(components: Mapping[str, Any]) -> lambda_.Code:
    """Return `lambda/` with the components in it, as `components.json`.

    All environment variables of a function have 4 KB, which a few components fill; a file of the asset has no limit
    that counts. The asset's hash is one of the contents, wherever they lay.
    """
    folder = Path(_staging().name) / str(len(list(Path(_staging().name).iterdir())))
    shutil.copytree(_LAMBDA, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / _COMPONENTS).write_text(json.dumps(components, indent=1), encoding="utf-8")
    return lambda_.Code.from_asset(str(folder))


@cache
def _staging() -> TemporaryDirectory[str]:
    """Return this process's folder for assets in the making; it is gone when the process ends."""
    return TemporaryDirectory(prefix="release-functions-")


# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: of all variables together, not adjustable
ENVIRONMENT_BYTES = 4096
# What stands for a value that CloudFormation fills in, and how long that becomes: an account, a region, a name.
_TOKEN, _RESOLVED = re.compile(r"\$\{Token\[[^]]+\]\}"), "x" * 40


class ReleaseFunction(Construct):
    """A function that runs the `handler` of `module`; with `vpc` it is in the private subnets, where the tasks are.

    `code` is the asset. The function may take a minute, unless `timeout` says otherwise. `dead_letters` is told of
    events that it could not deal with; only a function that gets events needs it. `name` is for those that are called
    from outside of the app.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        module: str,
        code: lambda_.Code,
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
        _check_size(self.node.path, environment)
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
            handler=f"{module}.handler",
            code=code,
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
            reason = (
                "every failure reaches the caller: CodePipeline, which does not wait, fails a job without an answer"
            )
            acknowledge(self.function, {"NIST.800.53.R5-LambdaDLQ": reason})


def _check_size(path: str, environment: Mapping[str, str]) -> None:
    """Refuse variables that AWS would refuse in the middle of a deployment."""
    sizes = {name: len(name) + len(_TOKEN.sub(_RESOLVED, value).encode()) for name, value in environment.items()}
    if (total := sum(sizes.values())) > ENVIRONMENT_BYTES:
        largest = max(sizes, key=lambda name: sizes[name])
        raise ValueError(
            f"{path}: the environment variables come to {total} bytes, of which {largest} takes {sizes[largest]}; "
            f"allowed are {ENVIRONMENT_BYTES} for a function: what is known before the deployment belongs into its "
            "asset (exchange_constructs/release/release_function.py)"
        )


def _grant_network_interfaces(role: iam.Role) -> None:
    """Allow what a function in a VPC needs; EC2 knows no narrower resource for these actions.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions
    """
    actions = ("CreateNetworkInterface", "DescribeNetworkInterfaces", "DescribeSubnets", "DeleteNetworkInterface")
    role.add_to_policy(iam.PolicyStatement(actions=[f"ec2:{action}" for action in actions], resources=["*"]))
