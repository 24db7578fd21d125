"""The functions of the release, the health gate among them, each with no more permission than its part needs."""

from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

from aws_cdk import Duration
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from constructs import Construct

from exchange_constructs.nag import acknowledge
from exchange_constructs.release.release_function import ReleaseFunction
from exchange_constructs.release.release_permissions import ReleasePermissions
from exchange_constructs.values import minutes


class HealthGate(Construct):
    """The gate's function. It is called by ECS before traffic moves, by the release machine during the bake, and by
    pipelines. A service that is to be judged lets `security_group` in on its port.
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


_KEY_FINDINGS = [f"AwsSolutions-IAM5[Action::kms:{action}*]" for action in ("GenerateDataKey", "ReEncrypt")]


class Arns(NamedTuple):
    """The ARNs of the functions, by which a machine calls them."""

    gate: str
    preflight: str
    deploy: str
    verify: str
    record: str
    auto_rollback: str
    baseline: str | None = None  # only where a canary is compared with something


class ReleaseFunctions(Construct):
    """Preflight, deploy, verify, record and rollback, which all machines share; the gate is handed in.

    A pipeline, perhaps of another app, asks preflight and record by their names. Where services have canaries, there is
    one function more, which starts and stops the baselines that these are compared with.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        gate: HealthGate,
        permissions: ReleasePermissions,
        ledger: dynamodb.ITable,
        code: lambda_.Code,
        environment: Mapping[str, str],
        watch: Duration,
        cool_down: Duration,
        retention: logs.RetentionDays,
        key: kms.IKey,
        topic: sns.ITopic,
        preflight_name: str,
        record_name: str,
    ) -> None:
        super().__init__(scope, id_)
        function = partial(ReleaseFunction, self, code=code, environment=environment, retention=retention, key=key)
        preflight = function("Preflight", module="release_handlers.preflight", name=preflight_name)
        deploy = function("Deploy", module="release_handlers.deploy")
        verify = function("Verify", module="release_handlers.verify")
        # evidence may be slow to come, and must not cost the record
        record = function("Record", module="release_handlers.record", name=record_name, timeout=minutes(3))
        watch_settings = {"WATCH_SECONDS": str(watch.to_seconds()), "COOL_DOWN_SECONDS": str(cool_down.to_seconds())}
        rollback = function(
            "AutoRollback",
            module="release_handlers.auto_rollback",
            environment={**environment, **watch_settings},
            dead_letters=topic,
        )
        _grant_permissions(
            permissions,
            gate=gate.role,
            preflight=preflight.role,
            deploy=deploy.role,
            verify=verify.role,
            record=record.role,
            rollback=rollback.role,
        )
        _grant_ledger(ledger, gate=gate.role, record=record.role, rollback=rollback.role)
        self.auto_rollback, self.preflight = rollback.function, preflight.function
        called: list[HealthGate | ReleaseFunction] = [gate, preflight, deploy, verify, record, rollback]
        if permissions.canaries:
            baseline = function("Baseline", module="release_handlers.baseline")
            permissions.grant_compare(baseline.role)
            _grant_ledger_item(ledger, baseline.role, "Get", "Put", "Delete")
            called.append(baseline)
        self.arns = Arns(*(function.function.function_arn for function in called))


def _grant_permissions(
    permissions: ReleasePermissions,
    *,
    gate: iam.Role,
    preflight: iam.Role,
    deploy: iam.Role,
    verify: iam.Role,
    record: iam.Role,
    rollback: iam.Role,
) -> None:
    grants = (
        (permissions.grant_read_stacks, (preflight, deploy, record, rollback)),
        (permissions.grant_read_services, (gate, verify, preflight, deploy)),
        (permissions.grant_read_tasks, (gate, verify, record, preflight, deploy)),
        (permissions.grant_read_traffic, (gate, verify, preflight)),
        (permissions.grant_read_targets, (gate,)),
        (permissions.grant_read_deployments, (gate, deploy)),
        (permissions.grant_stop_deployments, (deploy,)),
        (permissions.grant_read_metrics, (gate,)),
        (permissions.grant_read_change_sets, (preflight,)),
        (permissions.grant_read_secrets, (preflight,)),
        (permissions.grant_read_alarms, (gate, preflight, rollback)),
        (permissions.grant_answer_jobs, (gate, preflight, record)),
        (permissions.grant_read_images, (preflight, rollback)),
        (permissions.grant_deploy, (deploy,)),
        (permissions.grant_read_executions, (record,)),
        (permissions.grant_read_logs, (record,)),
        (permissions.grant_start, (rollback,)),
    )
    for grant, roles in grants:
        for role in roles:
            grant(role)


def _grant_ledger(ledger: dynamodb.ITable, *, gate: iam.Role, record: iam.Role, rollback: iam.Role) -> None:
    """Allow each function its part of the ledger: a transaction needs the permission of each of its actions.

    Record deletes a release that had nothing to do.
    """
    _grant_ledger_item(ledger, gate, "Get", "Put")
    for role in (rollback, record):
        ledger.grant(role, "dynamodb:Query")
    _grant_ledger_item(ledger, rollback, "Get")
    _grant_ledger_item(ledger, record, "Get", "Put", "Update", "Delete", "ConditionCheck")


def _grant_ledger_item(ledger: dynamodb.ITable, role: iam.Role, *verbs: str) -> None:
    ledger.grant(role, *(f"dynamodb:{verb}Item" for verb in verbs))
    if ledger.encryption_key:
        ledger.encryption_key.grant_encrypt_decrypt(role)
        acknowledge(role, dict.fromkeys(_KEY_FINDINGS, "one key; the variants of these actions, as CDK grants them"))
