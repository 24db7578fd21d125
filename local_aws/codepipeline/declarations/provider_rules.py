"""What a provider's action or rule takes, as far as it is imitated.

https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference.html and rule-reference.html
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Record = dict[str, Any]


@dataclass(frozen=True)
class Rules:
    """`values` are the only ones that a key may have; artifacts are counted (at least, at most)."""

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


def problems(declared: Record, kind: Record, known: Mapping[str, Rules]) -> Iterator[str]:
    """Yield what is wrong with one action or rule, whatever its place."""
    rules = known.get(kind["provider"])
    if rules is None or kind["category"] not in rules.categories or kind.get("owner", "AWS") != "AWS":
        there = ", ".join(f"{'/'.join(one.categories)} {name}" for name, one in known.items())
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
