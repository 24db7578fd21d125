"""How a push gets to an environment: the table `[pipeline]` of `config/<environment>.toml`."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from settings.component import Name
from settings.strict import Strict

Repository = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$")]
Branch = Annotated[str, StringConstraints(pattern=r"^[^\s*]+$")]
# https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html: as many in a filter, and as long
MOST_IGNORED = 8
Runner = Literal["codepipeline", "github"]
IgnoredPath = Annotated[str, StringConstraints(pattern=r"^[^\s/][^\s]{0,254}$")]


class Pipeline(Strict):
    """`repository` is the monorepo, `commands_repository` this project, from which the pipeline takes its commands.

    With `staging` each push is released to that environment first, and to this one once somebody has approved, unless
    `approval` is false. A change in `ignored_paths` alone starts nothing and makes no new version (docs/pipeline.md).
    `acceptance_market` is where the acceptance suite may place its two orders. `runner` says who takes a push there:
    with "github" the workflows do (docs/github.md), and there is no pipeline.
    """

    repository: Repository
    branch: Branch
    commands_repository: Repository
    commands_branch: Branch = "main"
    connection_arn: Annotated[str, StringConstraints(pattern=r"^arn:aws[a-z-]*:code(connections|star-connections):")]
    staging: Name | None = None
    runner: Runner = "codepipeline"
    approval: bool = True
    ignored_paths: tuple[IgnoredPath, ...] = Field(default=(), max_length=MOST_IGNORED)
    acceptance_market: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]+-[A-Z0-9]+$")] | None = None
