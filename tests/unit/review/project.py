"""A small project in a git repository, whose `cdk` copies a prepared assembly: a synth without CDK's seconds."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CDK = """#!/bin/sh
# cdk synth --quiet --no-notices --no-version-reporting -c environment=E --output FOLDER
if [ -f broken ]; then echo "SettingsError: config/test.toml: no such region"; exit 1; fi
[ "$CDK_VALIDATION$EXCHANGE_NAG" = falsefalse ] || exit 9
mkdir -p "$8" && cp assembly/* "$8"/
"""
GIT = ("git", "-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "init.defaultBranch=main")


@dataclass(frozen=True)
class Project:
    """`folder` is the project, `repository` what git knows."""

    repository: Path
    folder: Path

    def git(self, *arguments: str) -> str:
        command = [*GIT, *arguments]
        done = subprocess.run(command, cwd=self.repository, check=True, capture_output=True, text=True)  # noqa: S603
        return done.stdout.strip()

    def commit(self) -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "change")
        return self.git("rev-parse", "HEAD")

    def worktrees(self) -> list[str]:
        return self.git("worktree", "list", "--porcelain").splitlines()

    def stacks(self, templates: Mapping[str, Any], **dependencies: list[str]) -> None:
        """What `cdk synth` is to write."""
        folder = self.folder / "assembly"
        folder.mkdir(exist_ok=True)
        artifacts = {
            name: {
                "type": "aws:cloudformation:stack",
                "properties": {"templateFile": f"{name}.template.json"},
                "dependencies": dependencies.get(name, []),
            }
            for name in templates
        }
        (folder / "manifest.json").write_text(json.dumps({"artifacts": {**artifacts, "Tree": {"type": "cdk:tree"}}}))
        for name, template in templates.items():
            (folder / f"{name}.template.json").write_text(json.dumps(template))


def new_project(repository: Path, inside: str = ".") -> Project:
    """With a `config/test.toml` and no commit yet."""
    project = Project(repository, repository / inside)
    (project.folder / "config").mkdir(parents=True)
    (project.folder / "config" / "test.toml").write_text("")
    cdk = project.folder / "node_modules" / ".bin" / "cdk"
    cdk.parent.mkdir(parents=True)
    cdk.write_text(CDK)
    cdk.chmod(0o755)
    (repository / ".gitignore").write_text("node_modules/\n")
    project.git("init", "--quiet")
    return project
