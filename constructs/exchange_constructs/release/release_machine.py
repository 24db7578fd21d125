"""The release machine: one component, one digest, from the lock to the verdict, or back."""

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from exchange_constructs.nag import acknowledge
from exchange_constructs.release.release_functions import Arns, ReleaseFunctions
from exchange_constructs.release.release_states import (
    FAILED,
    REFUSED,
    RELEASED,
    ROLLED_BACK,
    UNCHANGED,
    DeployPhase,
    States,
    call,
    choice,
    deploy_states,
    end_states,
    fail,
    verify_states,
    wait,
)
from exchange_constructs.values import hours
from release_engine.times import MACHINE_HOURS


class ReleaseMachine(Construct):
    """Releases what it is told, judges it, and puts the former digest back if the judgement is bad.

    `compares`: a new version is a canary, beside which fresh tasks of the former one run.

    Whoever starts it names the execution by the release, so starting twice starts once.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        functions: ReleaseFunctions,
        interval_seconds: int,
        topic: sns.ITopic,
        log_group: logs.ILogGroup,
        compares: bool,
    ) -> None:
        super().__init__(scope, id_)
        arns = functions.arns if compares else functions.arns._replace(baseline=None)
        definition = release_definition(arns, topic.topic_arn, interval_seconds)
        self.machine = sfn.StateMachine(
            self,
            "Machine",
            state_machine_name=name,
            definition_body=sfn.DefinitionBody.from_string(Stack.of(self).to_json_string(definition)),
            timeout=hours(MACHINE_HOURS),
            tracing_enabled=True,
            logs=sfn.LogOptions(destination=log_group, level=sfn.LogLevel.ALL),
        )
        self._grant(arns, topic)

    def _grant(self, arns: Arns, topic: sns.ITopic) -> None:
        """These functions, in their newest version only, and the topic."""
        calling = iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=list(filter(None, arns)))
        telling = iam.PolicyStatement(actions=["sns:Publish"], resources=[topic.topic_arn])
        for statement in (calling, telling):
            self.machine.add_to_role_policy(statement)
        reasons = {
            "AwsSolutions-IAM5[Resource::*]": "X-Ray and the delivery of logs know no narrower resource",
        }
        if key := topic.master_key:
            key.grant(self.machine, "kms:Decrypt", "kms:GenerateDataKey*")
            reasons["AwsSolutions-IAM5[Action::kms:GenerateDataKey*]"] = "the topic's key: two variants of one action"
        acknowledge(self.machine, reasons)


def release_definition(arns: Arns, topic: str, interval_seconds: int) -> dict[str, object]:
    """The whole machine, as docs/architecture.md draws it."""
    ends = end_states(arns.record, arns.auto_rollback, topic, arns.baseline)
    states = _guarded(arns) | _release(arns, interval_seconds) | _undo(arns) | ends
    return {"StartAt": "Lock", "TimeoutSeconds": MACHINE_HOURS * 3600, "States": states}


def _guarded(arns: Arns) -> States:
    """Nothing begins without the lock and a clean preflight; what runs and was released well already, not at all."""
    return {
        "Lock": call(arns.record, result="lock", then="Locked?", otherwise=REFUSED, action="lock"),
        "Locked?": choice("lock.status", {"locked": "Preflight"}, "Busy"),
        "Busy": fail("Busy", cause="lock.reason"),
        "Preflight": call(arns.preflight, result="preflight", then="Ready?", otherwise=REFUSED),
        "Ready?": choice("preflight.status", {"ready": "CreateChangeSet", "unchanged": UNCHANGED}, REFUSED),
    }


def _release(arns: Arns, interval_seconds: int) -> States:
    """Deploy, bake, and see that it runs. Only a PASS is a release: doubt is not (F14).

    Where ECS bakes too, the gate is asked meanwhile, and then it is seen that the version runs; elsewhere after that.
    """
    phase = DeployPhase("release", failed="PlanRollback", failure="failure", baking="WaitForSamples", baked=RELEASED)
    ways = {"sample": "WaitForSamples", "finish": "WaitForStack", "stop": "StopDeployment", "release": RELEASED}
    return {
        **deploy_states(phase, arns.deploy, done="VerifyRunning", refused=REFUSED, baseline=arns.baseline),
        **verify_states(phase, arns.verify, name="VerifyRunning", waiting="WaitForTasks", done="WaitForSamples"),
        "WaitForSamples": wait(interval_seconds, then="Bake"),
        "Bake": call(arns.gate, result="bake", then="Baked?", otherwise="Unjudged?"),
        "Unjudged?": choice("deploy.status", {"baking": "StopDeployment"}, "PlanRollback"),
        "Baked?": choice("bake.next", ways, "PlanRollback"),
    }


def _undo(arns: Arns) -> States:
    """Plan, roll back, see that it runs. What cannot be undone safely ends as a failure, and pages."""
    phase = DeployPhase("rollback", failed=FAILED, failure="rollback_failure", prefix="RollBack")
    ways = {
        "roll_back": "RollBackCreateChangeSet",
        "already_restored": "VerifyRolledBack",
        "nothing_to_restore": ROLLED_BACK,
    }
    return {
        "PlanRollback": call(
            arns.auto_rollback, result="plan", then="Plan?", otherwise=FAILED, failure=phase.failure, action="plan"
        ),
        "Plan?": choice("plan.action", ways, FAILED),
        **deploy_states(phase, arns.deploy, done="VerifyRolledBack", refused=FAILED),
        **verify_states(phase, arns.verify, name="VerifyRolledBack", waiting="WaitForRestoredTasks", done=ROLLED_BACK),
    }
