"""Walks a state machine's definition with handlers in this process: the part of the language that ours uses.

https://states-language.net/spec.html; waits take no time, what Retry would repeat is called again at once.
"""

import copy
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

State = dict[str, Any]
Task = Callable[[Mapping[str, Any]], Any]


@dataclass
class Walk:
    """Where an execution went and how it ended."""

    visited: list[str] = field(default_factory=list)
    error: str | None = None
    cause: str | None = None
    data: State = field(default_factory=dict)
    told: list[str] = field(default_factory=list)


def walk(definition: Mapping[str, Any], tasks: Mapping[str, Task], data: State) -> Walk:
    """`tasks` are called by the resource of the state, with the parameters as they come."""
    done, name = Walk(data=copy.deepcopy(data)), definition["StartAt"]
    while name:
        done.visited.append(name)
        assert len(done.visited) < 3000, "the machine never ends"
        name = _step(definition["States"][name], tasks, done)
    return done


def _step(state: State, tasks: Mapping[str, Task], done: Walk) -> str:
    kind = state["Type"]
    if kind == "Choice":
        return _choose(state, done.data)
    if kind == "Fail":
        done.error, done.cause = state["Error"], _at(state["CausePath"], done.data)
        assert isinstance(done.cause, str)
    if kind in ("Fail", "Succeed"):
        return ""
    if kind == "Pass":
        _keep(state, done.data, _parameters(state["Parameters"], done.data))
    if kind == "Task":
        return _call(state, tasks, done)
    return str(state["Next"])


def _call(state: State, tasks: Mapping[str, Task], done: Walk) -> str:
    parameters = _parameters(state["Parameters"], done.data)
    try:
        result = tasks[state["Resource"]](parameters)
    except Exception as problem:  # noqa: BLE001 - whatever a function raises, the machine catches
        cause = json.dumps({"errorType": type(problem).__name__, "errorMessage": str(problem)})
        _keep(state["Catch"][0], done.data, {"Error": type(problem).__name__, "Cause": cause})
        return str(state["Catch"][0]["Next"])
    if state["Resource"].endswith("sns:publish"):
        done.told.append(parameters["Message"])
    _keep(state, done.data, json.loads(json.dumps(result)))
    return str(state["Next"])


def _choose(state: State, data: State) -> str:
    for rule in state["Choices"]:
        if _at(rule["Variable"], data) == rule["StringEquals"]:
            return str(rule["Next"])
    return str(state["Default"])


def _parameters(template: Mapping[str, Any], data: State) -> State:
    found = {}
    for key, value in template.items():
        found[key.removesuffix(".$")] = copy.deepcopy(_value(value, data)) if key.endswith(".$") else value
    return found


def _value(path: str, data: State) -> Any:
    if path == "$$.Execution.Id":
        return f"arn:aws:states:us-west-2:111122223333:execution:client-release:{data['release_id']}"
    if path.startswith("States.Format("):
        pattern, *fields = path.removeprefix("States.Format('").removesuffix(")").replace("'", "", 1).split(", $.")
        return _filled(pattern, [_at(f"$.{name}", data) for name in fields])
    return data if path == "$" else _at(path, data)


def _filled(pattern: str, values: list[Any]) -> str:
    for value in values:
        pattern = pattern.replace("{}", str(value), 1)
    return pattern


def _at(path: str, data: State) -> Any:
    value: Any = data
    for key in path.removeprefix("$.").split("."):
        value = value[key]
    return value


def _keep(state: State, data: State, result: Any) -> None:
    """Where `ResultPath` says; without one the result takes the place of the whole state."""
    path = state.get("ResultPath", "$")
    if path == "$":
        data.clear()
        data.update(result)
        return
    data[path.removeprefix("$.")] = result
