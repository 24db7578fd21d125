"""What a pipeline may not be: what CodePipeline refuses, and what is not imitated here, of each provider too.

https://docs.aws.amazon.com/codepipeline/latest/userguide/reference-pipeline-structure.html,
action-reference.html and rule-reference.html
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from local_aws.codepipeline import declarations
from local_aws.codepipeline.providers.source import FULL_CLONE
from local_aws.codepipeline.runs import REFERENCE
from local_aws.ministack_parts.answers import Record


@dataclass(frozen=True)
class Rules:
    """What a provider's action or rule may say: `values` are a key's only ones, artifacts are (least, most)."""

    categories: tuple[str, ...]
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    inputs: tuple[int, int] = (0, 0)
    outputs: tuple[int, int] = (0, 0)


_TRUTH = ("true", "false")
ACTIONS = {
    "CodeStarSourceConnection": Rules(
        ("Source",),
        ("ConnectionArn", "FullRepositoryId", "BranchName"),
        ("OutputArtifactFormat", "DetectChanges"),
        {"OutputArtifactFormat": ("CODE_ZIP", "CODEBUILD_CLONE_REF"), "DetectChanges": _TRUTH},
        outputs=(1, 1),
    ),
    "CodeBuild": Rules(
        ("Build", "Test"),
        ("ProjectName",),
        ("PrimarySource", "EnvironmentVariables", "BatchEnabled"),
        {"BatchEnabled": ("false",)},
        inputs=(1, 5),
        outputs=(0, 5),
    ),
    "StepFunctions": Rules(
        ("Invoke",),
        ("StateMachineArn",),
        ("Input", "InputType", "ExecutionNamePrefix"),
        {"InputType": ("Literal",)},
    ),
    "Lambda": Rules(("Invoke",), ("FunctionName",), ("UserParameters",), inputs=(0, 5), outputs=(0, 5)),
    "Manual": Rules(("Approval",), (), ("CustomData", "NotificationArn", "ExternalEntityLink")),
}
CONDITION_RULES = {
    "LambdaInvoke": Rules(("Rule",), ("FunctionName",), ("UserParameters",)),
    "VariableCheck": Rules(
        ("Rule",), ("Variable", "Value", "Operator"), (), {"Operator": ("EQ", "NE", "CONTAINS", "MATCHES")}
    ),
}


def provider_problems(declared: Record, kind: Record, known: Mapping[str, Rules]) -> Iterator[str]:
    """Yield what is wrong with one action or rule, whatever its place."""
    rules = known.get(kind["provider"])
    if rules is None or kind["category"] not in rules.categories or kind.get("owner", "AWS") != "AWS":
        there = ", ".join(f"{'/'.join(provider.categories)} {name}" for name, provider in known.items())
        yield f"{kind['category']} {kind['provider']} of {kind.get('owner')} is not imitated here; these are: {there}"
        return
    if kind.get("version", "1") != "1":
        yield f"version {kind['version']} of {kind['provider']} is not imitated here, only 1"
    yield from _configuration(declared.get("configuration", {}), rules)
    yield from _counted("input", len(declared.get("inputArtifacts", [])), rules.inputs)
    yield from _counted("output", len(declared.get("outputArtifacts", [])), rules.outputs)


def _configuration(configuration: Record, rules: Rules) -> Iterator[str]:
    yield from (f"{key} is missing" for key in rules.required if key not in configuration)
    known = (*rules.required, *rules.optional)
    yield from (f"{key} is not imitated here" for key in configuration if key not in known)
    for key, allowed in rules.values.items():
        if key in configuration and configuration[key] not in allowed:
            yield f"{key} is {configuration[key]!r}; imitated here: {', '.join(allowed)}"


def _counted(what: str, number: int, allowed: tuple[int, int]) -> Iterator[str]:
    least, most = allowed
    if not least <= number <= most:
        yield f"{number} {what} artifacts, not {least} to {most}"


# https://docs.aws.amazon.com/codepipeline/latest/userguide/stage-conditions.html
RESULTS = {"beforeEntry": ("FAIL", "SKIP"), "onSuccess": ("FAIL",)}


def check(declared: Record, region: str) -> None:
    """Raise ValueError with everything that is wrong: it becomes the reason of the resource's event."""
    wrong = list(declarations.problems(declared))
    wrong = wrong or [
        *_whole(declared, region),
        *_stages(declared, region),
        *_artifacts(declared),
        *_triggers(declared),
    ]
    if wrong:
        raise ValueError(f"pipeline {declared['name']}: {'; '.join(wrong)}")


def _whole(declared: Record, region: str) -> Iterator[str]:
    for key, only in (("pipelineType", "V2"), ("executionMode", "QUEUED")):
        if declared.get(key) != only:
            yield f"{key} is {declared.get(key, 'not set')}: only {only} is imitated here"
    if not declarations.store(declared, region):
        yield f"there is no artifact store for {region}"
    if others := [other for other in declared.get("artifactStores", {}) if other != region]:
        yield f"actions in other regions are not imitated here, so no store in {', '.join(others)}"
    if len(declared["stages"]) < 2:
        yield "a pipeline has two stages or more"
    yield from _twice("stage", [stage["name"] for stage in declared["stages"]])
    actions = [action for stage in declared["stages"] for action in stage["actions"]]
    yield from _twice("namespace", [action["namespace"] for action in actions if "namespace" in action])


def _stages(declared: Record, region: str) -> Iterator[str]:
    for number, stage in enumerate(declared["stages"]):
        yield from _twice(f"{stage['name']}: action", [action["name"] for action in stage["actions"]])
        if "blockers" in stage or "onFailure" in stage:
            yield f"{stage['name']}: blockers and onFailure are not imitated here"
        for action in stage["actions"]:
            where = f"{stage['name']}/{action['name']}"
            yield from (f"{where}: {problem}" for problem in _action(action, region, first=number == 0))
        for kind, allowed in RESULTS.items():
            for condition in stage.get(kind, {}).get("conditions", []):
                yield from (f"{stage['name']}, {kind}: {problem}" for problem in _condition(condition, allowed, region))


def _action(action: Record, region: str, *, first: bool) -> Iterator[str]:
    kind = action["actionTypeId"]
    yield from provider_problems(action, kind, ACTIONS)
    if (kind["category"] == "Source") is not first:
        yield "the first stage has source actions, all of them and nothing else"
    yield from (f"{key} is not imitated here" for key in _not_imitated(action))
    if action.get("region", region) != region:
        yield f"actions in other regions ({action['region']}) are not imitated here"
    if len(action.get("inputArtifacts", [])) > 1 and kind["provider"] == "CodeBuild":
        names = [artifact["name"] for artifact in action["inputArtifacts"]]
        if action["configuration"].get("PrimarySource") not in names:
            yield f"PrimarySource must name one of {', '.join(names)}"


def _not_imitated(action: Record) -> list[str]:
    timeout = [] if action["actionTypeId"]["category"] == "Approval" else ["timeoutInMinutes"]
    return [key for key in ("commands", "outputVariables", "environmentVariables", *timeout) if key in action]


def _condition(condition: Record, allowed: tuple[str, ...], region: str) -> Iterator[str]:
    if condition.get("result") not in allowed:
        yield f"the result {condition.get('result')} is not imitated here; these are: {', '.join(allowed)}"
    for rule in condition.get("rules", []):
        kind = rule["ruleTypeId"]
        problems = provider_problems(rule, kind, CONDITION_RULES)
        yield from (f"{rule['name']}: {problem}" for problem in problems)
        if any(key in rule for key in ("commands", "timeoutInMinutes")) or rule.get("region", region) != region:
            yield f"{rule['name']}: commands, timeoutInMinutes and other regions are not imitated here"
        if kind["provider"] == "LambdaInvoke" and REFERENCE.search("".join(rule.get("configuration", {}).values())):
            yield f"{rule['name']}: that a LambdaInvoke rule resolves variables is not documented"
    if not condition.get("rules"):
        yield "a condition has rules"


def _artifacts(declared: Record) -> Iterator[str]:
    """Yield artifacts that are used before an action has made them, or made twice."""
    made: dict[str, Record] = {}
    for stage in declared["stages"]:
        for action in sorted(stage["actions"], key=lambda item: item.get("runOrder", 1)):
            where = f"{stage['name']}/{action['name']}"
            yield from (f"{where}: {problem}" for problem in _passed_on(action, made))
            made |= {artifact["name"]: action for artifact in action.get("outputArtifacts", [])}


def _passed_on(action: Record, made: dict[str, Record]) -> Iterator[str]:
    """Yield full clones that go to another action than CodeBuild's."""
    for name in (artifact["name"] for artifact in action.get("inputArtifacts", [])):
        if name not in made:
            yield f"no action before makes the artifact {name}"
        elif (
            made[name]["configuration"].get("OutputArtifactFormat") == FULL_CLONE
            and action["actionTypeId"]["provider"] != "CodeBuild"
        ):
            yield f"the full clone {name} can only be used by CodeBuild"
    for artifact in action.get("outputArtifacts", []):
        if artifact["name"] in made:
            yield f"the artifact {artifact['name']} is made twice"
        if "files" in artifact:
            yield "files of an artifact are not imitated here"


def _triggers(declared: Record) -> Iterator[str]:
    sources = {action["name"] for action in declared["stages"][0]["actions"]}
    for trigger in declared.get("triggers", []):
        git = trigger["gitConfiguration"]
        where = f"the trigger of {git['sourceActionName']}"
        if git["sourceActionName"] not in sources:
            yield f"{where}: there is no such source action"
        if "pullRequest" in git:
            yield f"{where}: pull requests are not imitated here"
        for push in git.get("push", []):
            if "tags" in push:
                yield f"{where}: tags are not imitated here"
            if (
                "branches" not in push
            ):  # https://docs.aws.amazon.com/codepipeline/latest/userguide/pipelines-triggers.html
                yield f"{where}: a filter has branches, with or without file paths"


def _twice(what: str, names: list[str]) -> Iterator[str]:
    yield from (f"{what} {name} is there twice" for name in sorted({name for name in names if names.count(name) > 1}))
