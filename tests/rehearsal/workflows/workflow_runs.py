"""Runs workflows as GitHub would: jobs by their needs, called workflows with what they are given and no more rights.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

from rehearsal.commands import ROOT
from tests.rehearsal.workflows.expressions import Blank, Expressions

OURS = "exchange/exchange-release/.github/workflows/"
COMMIT = "0" * 40  # of exchange-release, as the examples have it
ALLOWED = {"none": 0, "read": 1, "write": 2}


@dataclass(frozen=True)
class Job:
    """One job with steps, ready to run. `claims` are those of the token that GitHub would sign for it."""

    name: str
    written: Mapping[str, Any]
    contexts: Mapping[str, Any]
    permissions: Mapping[str, str]
    claims: Mapping[str, str]
    shell: str


@dataclass
class Ended:
    """`result` is success, failure or skipped; `log` is what its steps printed."""

    result: str
    outputs: Mapping[str, str] = field(default_factory=Blank)
    log: str = ""


@dataclass(frozen=True)
class Call:
    """One workflow that was called: in which `contexts`, with which rights at the most, by which jobs `above`."""

    file: Path
    workflow: Mapping[str, Any]
    contexts: Mapping[str, Any]
    rights: Mapping[str, str]
    above: str
    ended: dict[str, Ended] = field(default_factory=dict)

    def needs(self, name: str) -> dict[str, Any]:
        wanted = _listed(self.workflow["jobs"][name].get("needs", []))
        return {one: {"outputs": Blank(self.ended[one].outputs), "result": self.ended[one].result} for one in wanted}

    def expressions(self, name: str) -> Expressions:
        """Of a job: failure() looks at all jobs before it, success() also wants none of its needs to be skipped."""
        before = [self.ended[one] for one in _ancestors(self.workflow["jobs"], name)]
        failed = any(one.result == "failure" for one in before)
        skipped = any(one["result"] == "skipped" for one in self.needs(name).values())
        functions = {
            "success": lambda: not failed and not skipped,
            "failure": lambda: failed,
            "cancelled": lambda: False,
        }
        return Expressions({**self.contexts, "needs": self.needs(name)}, functions)


@dataclass(frozen=True)
class Runner:
    """`github`, `variables` and `secrets` are the calling repository's; `steps` runs the steps of a job."""

    github: Mapping[str, str]
    variables: Mapping[str, str]
    secrets: Mapping[str, str]
    steps: Callable[[Job], Ended]
    jobs: dict[str, Ended] = field(default_factory=dict)

    def run(self, file: Path, inputs: Mapping[str, Any], trigger: str = "workflow_dispatch") -> Ended:
        """A workflow that somebody starts by hand; what its jobs came to is in `jobs`, under `caller / called`."""
        everything = {"actions": "write", "contents": "write", "id-token": "write"}
        return self._workflow(self._call(file, inputs, trigger, Blank(self.secrets)), everything)

    def _call(self, file: Path, given: Mapping[str, Any], trigger: str, secrets: Blank) -> Call:
        written = yaml.safe_load(file.read_text())
        on = written[True][trigger] or {}  # YAML 1.1 takes `on` for a truth value
        inputs = _inputs(file, on.get("inputs", {}), given)
        contexts = {"inputs": inputs, "github": self.github, "vars": self.variables, "secrets": secrets}
        return Call(file, {**written, "on": on}, contexts, {}, "")

    def _workflow(self, call: Call, rights: Mapping[str, str], above: str = "") -> Ended:
        call = replace(call, rights=rights, above=above)
        for name in _in_order(call.workflow["jobs"]):
            call.ended[name] = self.jobs[above + name] = self._job(call, name)
        jobs = {name: {"outputs": Blank(one.outputs)} for name, one in call.ended.items()}
        expressions = Expressions({**call.contexts, "jobs": jobs}, {})
        declared = call.workflow["on"].get("outputs", {}).items()
        outputs = Blank((name, expressions.text(one["value"])) for name, one in declared)
        failed = any(one.result == "failure" for one in call.ended.values())
        return Ended("failure" if failed else "success", outputs, "\n".join(one.log for one in call.ended.values()))

    def _job(self, call: Call, name: str) -> Ended:
        written, expressions = call.workflow["jobs"][name], call.expressions(name)
        if not expressions.holds(written.get("if", "success()")):
            return Ended("skipped")
        permissions = _granted(f"{call.file.name}: {name}", written["permissions"], call.rights)
        if "uses" not in written:
            return self.steps(self._ready(call, name, permissions))
        values = {key: _typed(expressions, value) for key, value in written.get("with", {}).items()}
        secrets = Blank((key, expressions.text(value)) for key, value in written.get("secrets", {}).items())
        called = self._call(_called(call.file, written["uses"]), values, "workflow_call", secrets)
        return self._workflow(called, permissions, f"{call.above}{name} / ")

    def _ready(self, call: Call, name: str, permissions: Mapping[str, str]) -> Job:
        """https://docs.github.com/en/actions/reference/security/oidc: the environment, if there is one, or the ref."""
        written, expressions = call.workflow["jobs"][name], call.expressions(name)
        environment = expressions.text(written.get("environment"))
        what = f"environment:{environment}" if environment else f"ref:{self.github['ref']}"
        subject = f"repo:{self.github['repository']}:{what}"
        claims = {"aud": "sts.amazonaws.com", "sub": subject, "ref": self.github["ref"]}
        ours = {"workflow_repository": OURS.partition("/.github")[0], "workflow_sha": COMMIT}
        contexts = {**call.contexts, "needs": call.needs(name), "job": ours}
        shell = call.workflow.get("defaults", {}).get("run", {}).get("shell", "")
        return Job(name, written, contexts, permissions, claims, shell)


def _inputs(file: Path, declared: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """GitHub refuses unknown inputs, and calls that leave required ones out."""
    assert sorted(given.keys() - declared.keys()) == [], f"{file.name} does not take these"
    missing = [name for name, one in declared.items() if one.get("required") and given.get(name, "") == ""]
    assert missing == [], f"{file.name} needs these"
    return {name: given.get(name, one.get("default", "")) for name, one in declared.items()}


def _granted(what: str, wanted: Mapping[str, str], allowed: Mapping[str, str]) -> Mapping[str, str]:
    """A called workflow has no more rights than its caller's job; GitHub does not start a run that would."""
    more = {key: level for key, level in wanted.items() if ALLOWED[level] > ALLOWED[allowed.get(key, "none")]}
    assert more == {}, f"{what} wants more than its caller has"
    return wanted


def _called(file: Path, uses: str) -> Path:
    if uses.startswith("$/.github/workflows/"):
        return file.parent / uses.rpartition("/")[2]
    path, _, commit = uses.removeprefix(OURS).partition("@")
    assert (uses.startswith(OURS), commit) == (True, COMMIT), uses
    return ROOT / ".github" / "workflows" / path


def _typed(expressions: Expressions, value: object) -> Any:
    return expressions.text(value) if isinstance(value, str) else value


def _listed(needs: str | list[str]) -> list[str]:
    return [needs] if isinstance(needs, str) else needs


def _in_order(jobs: Mapping[str, Any]) -> Iterable[str]:
    return TopologicalSorter({name: _listed(job.get("needs", [])) for name, job in jobs.items()}).static_order()


def _ancestors(jobs: Mapping[str, Any], name: str) -> set[str]:
    direct = set(_listed(jobs[name].get("needs", [])))
    return direct.union(*(_ancestors(jobs, one) for one in direct))
