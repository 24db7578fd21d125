"""The release machine: it takes one digest of one component from the lock to the verdict, or back."""

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
    """A machine that releases a digest, judges it, and puts the former digest back if the judgement is bad.

    If it `compares`, fresh tasks of the former version run beside the canary of the new one.
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
        """Allow the machine to call its functions, in their newest version only, and to write to the topic."""
        calling = iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=list(filter(None, arns)))
        telling = iam.PolicyStatement(actions=["sns:Publish"], resources=[topic.topic_arn])
        for statement in (calling, telling):
            self.machine.add_to_role_policy(statement)
        reasons = {"AwsSolutions-IAM5[Resource::*]": "X-Ray and the delivery of logs know no narrower resource"}
        if key := topic.master_key:
            key.grant(self.machine, "kms:Decrypt", "kms:GenerateDataKey*")
            reasons["AwsSolutions-IAM5[Action::kms:GenerateDataKey*]"] = "the topic's key: two variants of one action"
        acknowledge(self.machine, reasons)


def release_definition(arns: Arns, topic: str, interval_seconds: int) -> dict[str, object]:
    """Return the machine's definition in Amazon States Language, as docs/architecture.md draws it."""
    ends = end_states(arns.record, arns.auto_rollback, topic, arns.baseline)
    states = _guarded(arns) | _release(arns, interval_seconds) | _undo(arns) | ends
    return {"StartAt": "Lock", "TimeoutSeconds": MACHINE_HOURS * 3600, "States": states}


def _guarded(arns: Arns) -> States:
    """Return the states before a release: it needs the lock and a clean preflight, and ends if its digest runs well."""
    return {
        "Lock": call(arns.record, result="lock", then="Locked?", otherwise=REFUSED, action="lock"),
        "Locked?": choice("lock.status", {"locked": "Preflight"}, "Busy"),
        "Busy": fail("Busy", cause="lock.reason"),
        "Preflight": call(arns.preflight, result="preflight", then="Ready?", otherwise=REFUSED),
        "Ready?": choice("preflight.status", {"ready": "CreateChangeSet", "unchanged": UNCHANGED}, REFUSED),
    }


def _release(arns: Arns, interval_seconds: int) -> States:
    """Return the states that deploy, bake, and verify that the version runs. Only a PASS is a release (F14).

    Where ECS bakes too, the gate is asked during that bake and the version is verified afterwards; elsewhere the
    version is verified first.
    """
    phase = DeployPhase("release", failed="PlanRollback", failure="failure", baking="WaitForSamples", baked=RELEASED)
    next_states = {"sample": "WaitForSamples", "finish": "WaitForStack", "stop": "StopDeployment", "release": RELEASED}
    return {
        **deploy_states(phase, arns.deploy, done="VerifyRunning", refused=REFUSED, baseline=arns.baseline),
        **verify_states(phase, arns.verify, name="VerifyRunning", waiting="WaitForTasks", done="WaitForSamples"),
        "WaitForSamples": wait(interval_seconds, then="Bake"),
        "Bake": call(arns.gate, result="bake", then="Baked?", otherwise="Unjudged?"),
        "Unjudged?": choice("deploy.status", {"baking": "StopDeployment"}, "PlanRollback"),
        "Baked?": choice("bake.next", next_states, "PlanRollback"),
    }


def _undo(arns: Arns) -> States:
    """Return the states that plan a rollback, do it, and verify it; what cannot be undone safely fails and pages."""
    phase = DeployPhase("rollback", failed=FAILED, failure="rollback_failure", prefix="RollBack")
    next_states = {
        "roll_back": "RollBackCreateChangeSet",
        "already_restored": "VerifyRolledBack",
        "nothing_to_restore": ROLLED_BACK,
    }
    return {
        "PlanRollback": call(
            arns.auto_rollback, result="plan", then="Plan?", otherwise=FAILED, failure=phase.failure, action="plan"
        ),
        "Plan?": choice("plan.action", next_states, FAILED),
        **deploy_states(phase, arns.deploy, done="VerifyRolledBack", refused=FAILED),
        **verify_states(phase, arns.verify, name="VerifyRolledBack", waiting="WaitForRestoredTasks", done=ROLLED_BACK),
    }
