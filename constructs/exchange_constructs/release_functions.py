"""The functions of the release, each with no more permission than its part needs."""

from collections.abc import Mapping
from typing import NamedTuple

from aws_cdk import Duration
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from constructs import Construct

from exchange_constructs.acknowledgements import acknowledge
from exchange_constructs.health_gate import HealthGate
from exchange_constructs.release_function import ReleaseFunction
from exchange_constructs.release_reach import Reach

_KEY_FINDINGS = [f"AwsSolutions-IAM5[Action::kms:{action}*]" for action in ("GenerateDataKey", "ReEncrypt")]


class Arns(NamedTuple):
    """The functions, as a machine calls them."""

    gate: str
    preflight: str
    deploy: str
    verify: str
    record: str
    auto_rollback: str


class ReleaseFunctions(Construct):
    """Preflight, deploy, verify, record and rollback, beside the gate that is handed in; shared by the machines."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        gate: HealthGate,
        reach: Reach,
        ledger: dynamodb.ITable,
        environment: Mapping[str, str],
        watch: Duration,
        retention: logs.RetentionDays,
        key: kms.IKey,
        topic: sns.ITopic,
    ) -> None:
        super().__init__(scope, id_)

        def function(id_: str, module: str, *, dead_letters: sns.ITopic | None = None, **more: str) -> ReleaseFunction:
            return ReleaseFunction(
                self,
                id_,
                module=module,
                environment={**environment, **more},
                retention=retention,
                key=key,
                timeout=Duration.minutes(1),
                dead_letters=dead_letters,
            )

        seconds = str(watch.to_seconds())
        preflight, deploy = function("Preflight", "preflight"), function("Deploy", "deploy")
        verify, record = function("Verify", "verify"), function("Record", "record")
        rollback = function("AutoRollback", "auto_rollback", dead_letters=topic, WATCH_SECONDS=seconds)
        for one in (preflight, deploy, record, rollback):
            reach.grant_read_stacks(one.role)
        for role in (gate.role, verify.role, preflight.role):
            reach.grant_read_services(role)
        for role in (gate.role, verify.role):
            reach.grant_read_tasks(role)
        for role in (verify.role, preflight.role):
            reach.grant_read_traffic(role)
        reach.grant_read_deployments(gate.role)
        reach.grant_read_metrics(gate.role)
        reach.grant_read_change_sets(preflight.role)
        reach.grant_read_secrets(preflight.role)
        for role in (gate.role, preflight.role):
            reach.grant_read_alarms(role)
        for role in (preflight.role, rollback.role):
            reach.grant_read_images(role)
        reach.grant_deploy(deploy.role)
        reach.grant_read_executions(record.role)
        reach.grant_start(rollback.role)
        _grant_ledger(ledger, gate=gate.role, record=record.role, rollback=rollback.role)
        self.auto_rollback = rollback.function
        called = (gate, preflight, deploy, verify, record, rollback)
        self.arns = Arns(*(one.function.function_arn for one in called))


def _grant_ledger(ledger: dynamodb.ITable, *, gate: iam.Role, record: iam.Role, rollback: iam.Role) -> None:
    """A transaction needs the permission of each of its parts."""
    ledger.grant(gate, "dynamodb:GetItem", "dynamodb:PutItem")
    ledger.grant(rollback, "dynamodb:GetItem", "dynamodb:Query")
    ledger.grant(record, *(f"dynamodb:{verb}Item" for verb in ("Get", "Put", "Update", "ConditionCheck")))
    if ledger.encryption_key:
        for role in (gate, record, rollback):
            ledger.encryption_key.grant_encrypt_decrypt(role)
            acknowledge(
                role, dict.fromkeys(_KEY_FINDINGS, "one key; the variants of these actions, as CDK grants them")
            )
