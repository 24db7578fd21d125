"""What a build finds in its environment, and nothing else of this process.

https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-env-vars.html; of several values of one name that
of the start counts most, then the project's, then the buildspec's.

Credentials are not in it: they are asked for, as in every container of AWS; a profile with `credential_source =
EcsContainer` finds them, too. https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
"""

import json
import threading
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from local_aws import clients
from local_aws.clients import leading_to
from local_aws.codebuild.build_files import Folders
from local_aws.codebuild.buildspec import Buildspec
from local_aws.codebuild.endings import ParameterError, SecretError
from local_aws.ecs.tasks import containers
from local_aws.elastic_load_balancing import public_names
from local_aws.host import workplace
from local_aws.ministack_parts import embedding
from local_aws.ministack_parts.answers import Record

GOOD_FOR = timedelta(hours=1)
ANSWERED_WITHIN = 30.0


class _Answer(BaseHTTPRequestHandler):
    """Answers every request with root's credentials: roles are not evaluated in the local AWS."""

    timeout = ANSWERED_WITHIN

    def do_GET(self) -> None:
        credentials = {
            "AccessKeyId": "test",
            "SecretAccessKey": "test",
            "Token": "test",
            "Expiration": f"{datetime.now(UTC) + GOOD_FOR:%Y-%m-%dT%H:%M:%SZ}",
        }
        body = json.dumps(credentials).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Log nothing: nobody reads it."""


_servers: list[ThreadingHTTPServer] = []


def open_endpoint() -> None:
    """Serve credentials from now on, at a loopback address."""
    server = ThreadingHTTPServer((embedding.HOST, 0), _Answer)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True, name="build-credentials").start()
    _servers[:] = [server]


def uri() -> str:
    """Return the address at which builds ask for credentials."""
    return f"http://{embedding.HOST}:{_servers[0].server_port}/credentials"


def close_endpoint() -> None:
    """Close the endpoint of credentials."""
    for server in _servers:
        server.shutdown()
        server.server_close()
    _servers.clear()


KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")  # a build asks for them
SECRET_PARTS = 7  # of an ARN, before the key


def environment_of(build: Record, spec: Buildspec, folders: Folders) -> dict[str, str]:
    """Return a build's whole environment; ParameterError or SecretError when a value cannot be read."""
    project: Iterable[Mapping[str, str]] = build["environment"].get("environmentVariables") or ()
    own = {
        **spec.variables,
        **{name: _parameter(value) for name, value in spec.parameters.items()},
        **{name: _secret(value) for name, value in spec.secrets.items()},
        **{variable["name"]: _value(variable) for variable in project},
    }
    return {**_machine(folders), **own, **_about(build, folders)}


def exported(build: Record, spec: Buildspec, environment: Mapping[str, str]) -> list[Record]:
    """Return the variables that the buildspec exports, with the values that the commands left in them.

    Never secrets of the project, and nothing that begins with AWS_:
    https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html#build-spec.env.exported-variables
    """
    variables: Iterable[Mapping[str, str]] = build["environment"].get("environmentVariables") or ()
    secret = {variable["name"] for variable in variables if variable.get("type", "PLAINTEXT") != "PLAINTEXT"}
    names = (name for name in spec.exported if name not in secret and not name.startswith("AWS_"))
    return [{"name": name, "value": environment[name]} for name in names if name in environment]


def _machine(folders: Folders) -> dict[str, str]:
    paths = workplace.current()
    return {
        **{name: value for name, value in leading_to(paths.folder).items() if name not in KEYS},
        **public_names.environment(paths.folder),
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": uri(),
        "PATH": f"{paths.programs}:{containers.PATH}",
        "HOME": str(folders.home),
        "TMPDIR": str(folders.temporary),
        "LC_CTYPE": "C.UTF-8",
    }


def _about(build: Record, folders: Folders) -> dict[str, str]:
    secondary = {f"CODEBUILD_SRC_DIR_{name}": str(folder) for name, folder in folders.secondary.items()}
    variables = {
        "CODEBUILD_BUILD_ARN": build["arn"],
        "CODEBUILD_BUILD_ID": build["id"],
        "CODEBUILD_BUILD_IMAGE": build["environment"].get("image", ""),
        "CODEBUILD_BUILD_NUMBER": str(build["buildNumber"]),
        "CODEBUILD_BUILD_SUCCEEDING": "1",
        "CODEBUILD_INITIATOR": build["initiator"],
        "CODEBUILD_KMS_KEY_ID": build["encryptionKey"],
        "CODEBUILD_LOG_PATH": build["logs"].get("streamName", ""),
        "CODEBUILD_SRC_DIR": str(folders.source),
        "CODEBUILD_START_TIME": str(int(build["startTime"] * 1000)),
        **secondary,
    }
    versions = {
        "CODEBUILD_RESOLVED_SOURCE_VERSION": "resolvedSourceVersion",
        "CODEBUILD_SOURCE_VERSION": "sourceVersion",
    }
    return variables | {name: build[key] for name, key in versions.items() if build.get(key)}


def _value(variable: Mapping[str, str]) -> str:
    kinds = {"PARAMETER_STORE": _parameter, "SECRETS_MANAGER": _secret}
    kind = kinds.get(variable.get("type", "PLAINTEXT"))
    return kind(variable["value"]) if kind else variable["value"]


def _parameter(name: str) -> str:
    answer = clients.client("ssm").get_parameters(Names=[name], WithDecryption=True)
    if not answer["Parameters"]:
        raise ParameterError(f"parameter does not exist: {name}")
    return str(answer["Parameters"][0]["Value"])


def _secret(reference: str) -> str:
    """Return the secret of `secret-id:json-key:version-stage:version-id`; only the id, or an ARN, is required."""
    parts = reference.split(":")
    cut = SECRET_PARTS if reference.startswith("arn:") else 1
    key, stage, version = (*parts[cut:], "", "", "")[:3]
    request = {"SecretId": ":".join(parts[:cut]), "VersionStage": stage, "VersionId": version}
    try:
        answer = clients.client("secretsmanager").get_secret_value(
            **{name: value for name, value in request.items() if value}
        )
    except clients.ERRORS as error:
        raise SecretError(str(error)) from error
    return _of_key(answer, key) if key else str(answer["SecretString"])


def _of_key(answer: Mapping[str, Any], key: str) -> str:
    try:
        return str(json.loads(answer["SecretString"])[key])
    except (ValueError, KeyError, TypeError) as error:
        raise SecretError(f"secret {answer['Name']} has no JSON key {key}") from error
