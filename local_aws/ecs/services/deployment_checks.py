"""What CreateService and UpdateService refuse of a deployment configuration, in ECS's words.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/troubleshooting-blue-green.html, pause-lifecycle-hooks.html,
and the value ranges of API_LinearConfiguration.html and API_CanaryConfiguration.html. Where AWS documents no words,
they are our own.
"""

from collections import Counter
from collections.abc import Iterator

from local_aws.ecs.services.lifecycle_hooks import KINDS
from local_aws.ministack_parts.answers import Record, RefusedError

STRATEGIES = ("ROLLING", "BLUE_GREEN", "LINEAR", "CANARY")
HOOKS_OF_A_KIND = 10
NO_PAUSE = {"TEST_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT"}
ROLLING_STAGES = {"PRE_SCALE_UP", "POST_SCALE_UP"}
LONGEST_STEP = 1440
LONGEST_TIMEOUT = {"AWS_LAMBDA": 1440, "PAUSE": 20160}


def check(settings: Record) -> None:
    """Refuse these settings of a service for the first thing that is wrong with them."""
    configuration = settings.get("deploymentConfiguration") or {}
    strategy = configuration.get("strategy") or "ROLLING"
    hooks = configuration.get("lifecycleHooks") or []
    for wrong in (
        *([] if strategy in STRATEGIES else [f"Invalid strategy. Valid values are: {', '.join(STRATEGIES)}"]),
        *_hooks(hooks, strategy),
        *_steps(configuration),
        *_balancers(settings.get("loadBalancers") or [], strategy),
    ):
        raise RefusedError("InvalidParameterException", wrong)


def _hooks(hooks: list[Record], strategy: str) -> Iterator[str]:
    kinds = Counter(hook.get("targetType") or "AWS_LAMBDA" for hook in hooks)
    if set(kinds) - set(KINDS):
        yield f"Invalid targetType. Valid values are: {', '.join(KINDS)}"
    if any(count > HOOKS_OF_A_KIND for count in kinds.values()):
        yield f"A service has at most {HOOKS_OF_A_KIND} lifecycle hooks of each targetType"
    for hook in hooks:
        yield from _hook(hook, strategy)


def _hook(hook: Record, strategy: str) -> Iterator[str]:
    stages = set(hook.get("lifecycleStages") or [])
    kind = hook.get("targetType") or "AWS_LAMBDA"
    paused = kind == "PAUSE"
    longest = LONGEST_TIMEOUT.get(kind, 0)
    minutes = float((hook.get("timeoutConfiguration") or {}).get("timeoutInMinutes", 1))
    if not 1 <= minutes <= longest:
        yield f"timeoutInMinutes of a {kind} hook must be from 1 to {longest}, not {minutes:g}"
    if paused and stages & NO_PAUSE:
        yield "Invalid lifecycle stage provided for Pause Hook"
    if not stages or not (paused or hook.get("hookTargetArn")):
        yield "A lifecycle hook needs lifecycleStages, and a Lambda hook a hookTargetArn"
    if strategy == "ROLLING" and stages - ROLLING_STAGES:
        yield f"The local AWS runs hooks of a ROLLING deployment at {sorted(ROLLING_STAGES)} only"


def _steps(configuration: Record) -> Iterator[str]:
    linear, canary = (configuration.get(key) or {} for key in ("linearConfiguration", "canaryConfiguration"))
    yield from _percent("stepPercent", float(linear.get("stepPercent", 10)), least=3.0)
    yield from _percent("canaryPercent", float(canary.get("canaryPercent", 5)), least=0.1)
    yield from _minutes("stepBakeTimeInMinutes", float(linear.get("stepBakeTimeInMinutes", 0)))
    yield from _minutes("canaryBakeTimeInMinutes", float(canary.get("canaryBakeTimeInMinutes", 0)))


def _percent(name: str, percent: float, *, least: float) -> Iterator[str]:
    if not least <= percent <= 100 or round(percent, 1) != percent:
        yield f"{name} must be a multiple of 0.1 from {least} to 100.0, not {percent}"


def _minutes(name: str, minutes: float) -> Iterator[str]:
    if not 0 <= minutes <= LONGEST_STEP:
        yield f"{name} must be from 0 to {LONGEST_STEP}, not {minutes:g}"


def _balancers(balancers: list[Record], strategy: str) -> Iterator[str]:
    advanced = [balancer.get("advancedConfiguration") or {} for balancer in balancers]
    if strategy != "ROLLING" and not all(advanced):
        yield (
            "advancedConfiguration field is required for all loadBalancers when using a non-ROLLING deployment strategy"
        )
    production, test = (
        {item[key] for item in advanced if item.get(key)} for key in ("productionListenerRule", "testListenerRule")
    )
    if both := production & test:
        shared = ", ".join(sorted(both))
        yield f"The following rules cannot be used as both production and test listener rules: {shared}"
