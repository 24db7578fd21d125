"""Where the text of a buildspec is: in the project, or in the primary source.

https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html#build-spec-ref-name-storage
"""

from pathlib import Path

from local_aws.codebuild.refusals import BuildspecError

USUAL = "buildspec.yml"


def is_inline(said: str) -> bool:
    """Say whether the buildspec is text rather than a path."""
    return "\n" in said.strip() or said.lstrip().startswith("{")


def text_of(said: str, source: Path) -> str:
    """`said` is the text itself, or a path relative to the primary source; empty is the usual path."""
    if is_inline(said):
        return said
    if said.startswith("arn:"):
        raise BuildspecError(f"{said}: a buildspec in S3 is not imitated here: put it into the project or the source")
    file = source / (said or USUAL)
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise BuildspecError(f"stat {file}: no such file or directory") from error
