"""What the shell of a build runs around the commands: one loop, and what saves its state when it is left.

Version 0.2 "runs all build commands in the same instance of the default shell"
(https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html#build-spec-ref-versions). A command that
leaves it (`exit`, or a failure under `set -e`) ends that command alone: a new instance goes on where it stood.
"""

import shlex
from pathlib import Path

# Builtins alone: a build may do with PATH what it likes.
LOOP = """\
trap '. {save}' EXIT
if [ -s {state} ]; then . {state}; fi
exec 9>&1
while read -r CODEBUILD_NEXT < {next}; do
. {command}
printf '%s %s\\n' {mark} "$?" >&9
done
"""
SAVE = {
    "sh": """\
{{ set; export -p; set +o; printf 'cd %s\\n' "'$(pwd)'"; }} > {state}
""",
    "bash": """\
{{
for CODEBUILD_NAME in $(compgen -v); do
case $CODEBUILD_NAME in
BASH*|CODEBUILD_NAME|DIRSTACK|EPOCH*|FUNCNAME|GROUPS|LINENO|PIPESTATUS|RANDOM|SECONDS|SRANDOM|_) continue;;
esac
CODEBUILD_SAID=$(declare -p "$CODEBUILD_NAME") || continue
case ${{CODEBUILD_SAID%% "$CODEBUILD_NAME"*}} in
"declare -"*r*) ;;
"declare -"*) printf '%s\\n' "$CODEBUILD_SAID";;
esac
done
declare -f
set +o
printf 'cd %q\\n' "$PWD"
}} > {state} 2> /dev/null
""",
}


def write(folder: Path, shell: str, mark: str) -> Path:
    """Write the scripts of a shell in `folder`; its loop prints `mark` and the status after each command."""
    names = ("save", "state", "next", "command")
    paths = {name: shlex.quote(str(folder / name)) for name in names}
    (folder / "save").write_text(SAVE[shell].format(**paths), encoding="utf-8")
    loop = folder / "loop"
    loop.write_text(LOOP.format(mark=mark, **paths), encoding="utf-8")
    return loop
