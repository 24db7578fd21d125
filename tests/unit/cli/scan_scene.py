"""A registry as `scan` asks it, and what it answers.

https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImageScanFindings.html
"""
# ruff: noqa: N803 - the arguments have the names that boto gives them

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from release.app import app
from release.cli_context import CliContext
from tests.unit.aws.answers import NEW
from tests.unit.cli.exchange import BEGAN, settings_of_tests

PENDING = {"imageScanStatus": {"status": "PENDING"}}


def basic(name: str, severity: str) -> dict[str, Any]:
    about = [{"key": "package_name", "value": "openssl"}, {"key": "package_version", "value": "3.0.1"}]
    return {"name": name, "severity": severity, "uri": f"https://cve.example/{name}", "attributes": about}


def enhanced(name: str, severity: str, status: str = "ACTIVE") -> dict[str, Any]:
    package = {"name": "zlib", "version": "1.2", "fixedInVersion": "1.3"}
    details = {"vulnerabilityId": name, "vulnerablePackages": [package], "sourceUrl": f"https://cve.example/{name}"}
    return {"severity": severity, "status": status, "packageVulnerabilityDetails": details, "findingArn": "arn:aws:x"}


def done(*findings: dict[str, Any], status: str = "COMPLETE", key: str = "findings") -> dict[str, Any]:
    return {"imageScanStatus": {"status": status}, "imageScanFindings": {key: list(findings)}}


@dataclass
class Ecr:
    """`answers` by repository: what it says, one after the other, the last for ever; a list is several pages."""

    answers: dict[str, list[Any]] = field(default_factory=dict)
    starts: list[str] = field(default_factory=list)
    refusal: Exception | None = None
    asked: list[tuple[str, str]] = field(default_factory=list)

    def get_paginator(self, operation: str) -> "Ecr":
        assert operation == "describe_image_scan_findings"
        return self

    def paginate(self, repositoryName: str, imageId: dict[str, str]) -> Iterator[dict[str, Any]]:
        self.asked.append((repositoryName, imageId["imageDigest"]))
        known = self.answers.get(repositoryName, [done()])
        answer = known.pop(0) if len(known) > 1 else known[0]
        if isinstance(answer, Exception):
            raise answer
        about = {"repositoryName": repositoryName, "imageId": imageId}
        yield from ({**about, **page} for page in (answer if isinstance(answer, list) else [answer]))

    def start_image_scan(self, repositoryName: str, imageId: dict[str, str]) -> None:
        if self.refusal:
            raise self.refusal
        self.starts.append(repositoryName)


@dataclass
class Scene:
    """`config` is where the allow-list is; `waited` the seconds that the command waited."""

    ecr: Ecr
    config: Path
    waited: list[float] = field(default_factory=list)

    def allow(
        self, until: str, *, id_: str = "CVE-1", components: str = '["client"]', reason: str = "not reached"
    ) -> None:
        text = f'[[allowed]]\nid = "{id_}"\ncomponents = {components}\nuntil = {until}\nreason = "{reason}"\n'
        with (self.config / "allowed_findings.toml").open("a") as file:
            file.write(text)

    def run(self, *arguments: str) -> Result:
        settings = settings_of_tests(("backend", "client"), adopted={"client": "older-client"})
        context = CliContext(
            settings_of=lambda _: settings,
            clients_in=lambda _: lambda _: self.ecr,
            pause=self.waited.append,
            now=BEGAN.timestamp,  # 2026-11-24
        )
        arguments = arguments or (f"client={NEW}",)
        return CliRunner().invoke(app, ["-e", "test", "scan", *arguments], obj=context, catch_exceptions=False)


def found(scene: Scene, *findings: dict[str, Any]) -> None:
    scene.ecr.answers["older-client"] = [done(*findings)]
