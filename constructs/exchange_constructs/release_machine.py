"""The release machine: one component, one digest, from the lock to the verdict, or back."""

from aws_cdk import Duration, Stack
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from exchange_constructs.acknowledgements import acknowledge
from exchange_constructs.deploy_states import Way, deploy_states, verify_states
from exchange_constructs.end_states import EndStates
from exchange_constructs.release_functions import ReleaseFunctions
from exchange_constructs.release_reach import finding
from exchange_constructs.release_states import call, choice, wait

LONGEST = Duration.hours(6)  # shorter than the lease of the lock


class ReleaseMachine(Construct):
    """Releases what it is told, judges it, and puts the former digest back if the judgement is bad.

    Whoever starts it names the execution by the release, so starting twice starts once.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        functions: ReleaseFunctions,
        interval: Duration,
        topic: sns.ITopic,
        log_group: logs.ILogGroup,
    ) -> None:
        super().__init__(scope, id_)
        ends = EndStates(self, record=functions.record, topic=topic)
        undo = self._undo(functions, ends)
        release = self._release(functions, ends, undo, interval)
        self.machine = sfn.StateMachine(
            self,
            "Machine",
            state_machine_name=name,
            definition_body=sfn.DefinitionBody.from_chainable(self._guarded(functions, ends, release)),
            timeout=LONGEST,
            tracing_enabled=True,
            logs=sfn.LogOptions(destination=log_group, level=sfn.LogLevel.ALL),
        )
        if topic.master_key:
            topic.master_key.grant(self.machine, "kms:Decrypt", "kms:GenerateDataKey*")
        self._acknowledge(functions)

    def _acknowledge(self, functions: ReleaseFunctions) -> None:
        reasons = {
            "AwsSolutions-IAM5[Resource::*]": "X-Ray and the delivery of logs know no narrower resource",
            "AwsSolutions-IAM5[Action::kms:GenerateDataKey*]": "the topic's key, for the two variants of one action",
            "NIST.800.53.R5-IAMNoInlinePolicy": "the policy is this one role's and lives and dies with it",
        }
        for function in functions.all:
            reasons[finding(Stack.of(self), f"{function.function_arn}:*")] = "any version of this one function"
        acknowledge(self.machine, reasons)

    def _guarded(self, functions: ReleaseFunctions, ends: EndStates, release: sfn.IChainable) -> sfn.IChainable:
        """Nothing begins without the lock and a clean preflight."""
        preflight = call(self, "Preflight", functions.preflight, result="preflight", otherwise=ends.refused)
        preflight.next(choice(self, "Ready?", "preflight.status", {"ready": release}, ends.refused))
        busy = sfn.Fail(self, "Busy", error="Busy", cause_path="$.lock.reason")
        lock = call(self, "Lock", functions.record, result="lock", otherwise=ends.refused, action="lock")
        return lock.next(choice(self, "Locked?", "lock.status", {"locked": preflight}, busy))

    def _release(
        self, functions: ReleaseFunctions, ends: EndStates, undo: sfn.IChainable, interval: Duration
    ) -> sfn.IChainable:
        """Deploy, see that it runs, and bake."""
        way = Way("release", failed=undo, failure="failure")
        sampling = wait(self, "WaitForSamples", interval)
        bake = call(self, "Bake", functions.gate, result="bake", otherwise=undo)
        sampling.next(bake).next(
            choice(self, "Baked?", "bake.status", {"sampling": sampling}, self._judged(ends, undo))
        )
        verify = verify_states(self, way, functions.verify, name="VerifyRunning", waiting="WaitForTasks", done=sampling)
        return deploy_states(self, way, functions.deploy, done=verify, refused=ends.refused)

    def _judged(self, ends: EndStates, undo: sfn.IChainable) -> sfn.Choice:
        """Only a PASS is a release: doubt is not (F14)."""
        return choice(self, "Verdict?", "bake.verdict", {"PASS": ends.success}, undo)

    def _undo(self, functions: ReleaseFunctions, ends: EndStates) -> sfn.IChainable:
        """Plan, roll back, see that it runs. What cannot be undone safely ends as a failure, and pages."""
        way = Way("rollback", failed=ends.failure, failure="rollback_failure", prefix="RollBack")
        verify = verify_states(
            self,
            way,
            functions.verify,
            name="VerifyRolledBack",
            waiting="WaitForRestoredTasks",
            done=ends.rolled_back,
        )
        back = deploy_states(self, way, functions.deploy, done=verify, refused=ends.failure)
        ways = {"roll_back": back, "already_restored": verify, "nothing_to_restore": ends.rolled_back}
        plan = call(
            self,
            "PlanRollback",
            functions.auto_rollback,
            result="plan",
            otherwise=ends.failure,
            failure="rollback_failure",
            action="plan",
        )
        return plan.next(choice(self, "Plan?", "plan.action", ways, ends.failure))
