"""The fixtures of all tests of the local AWS."""

from tests.local_aws.fixtures import aws, balanced, builds, ecs, hook, machine_of, moves, pipelines, registry

__all__ = ["aws", "balanced", "builds", "ecs", "hook", "machine_of", "moves", "pipelines", "registry"]
