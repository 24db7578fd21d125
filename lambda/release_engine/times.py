"""Defines all the time budgets of a release: whoever waits for another has the longer one.

ECS waits for the gate's hook, the release machine for CloudFormation, which waits for ECS; each function is killed
before its caller gives it up, and the lock of a component is leased for longer than its machine may run.
"""

from math import ceil

GATE_ATTEMPTS = 10  # how often ECS is told by a gate in doubt to ask again; then the deployment is not believed in
HOOK_MINUTES = 30  # what ECS gives the gate with all of these
START_MINUTES = 10  # for the new tasks to start and pass their checks, and for the old ones to drain and stop
CANARY_LOOKS = 2  # how often a canary is judged: before users meet it, and while a part of them does
PATIENCE_MINUTES = 60  # of the release machine with a stack, where ECS and CloudFormation would wait 3 hours (F2)
# https://github.com/sidekiq/sidekiq/wiki/Deployment: so long a worker has to give back what it has not finished
GIVE_BACK_SECONDS = 5

CHANGE_SET_SECONDS, CHANGE_SET_POLLS = 5, 60  # between two looks at a change set; looks at it: five minutes
STACK_SECONDS = 10  # between two looks at a stack that is being updated
STACK_POLLS = 60 * PATIENCE_MINUTES // STACK_SECONDS
# Half an hour: a deployment may still bake after CloudFormation has called it done.
TASKS_SECONDS, TASKS_POLLS = 10, 180

CALL_SECONDS = 6 * 60  # a release machine gives a function so long: longer than any of them may take
MACHINE_HOURS = 60  # a bake may take a day, and twice that while it is in doubt
REQUEST_HOURS = MACHINE_HOURS + 1  # of the machine by which a pipeline asks for a release, and waits for its end
LEASE_SECONDS = (MACHINE_HOURS + 1) * 3600  # of the lock, so that it never ends under a living release
# CodePipeline ends a Lambda action after 24 hours, and would say no more than that.
# https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html
PIPELINE_JOB_SECONDS = 23 * 3600


def gate_minutes(interval_seconds: int) -> int:
    """Return for how long a gate with this interval may be in doubt before it says no by itself."""
    return ceil(GATE_ATTEMPTS * interval_seconds / 60)


def asking_minutes(strategy: str, interval_seconds: int) -> int:
    """Return how long ECS may have to wait for the gate in one deployment of this strategy, over all its looks."""
    return gate_minutes(interval_seconds) * (CANARY_LOOKS if strategy == "CANARY" else 1)
