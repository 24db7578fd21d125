"""The settings of an environment `test`, which no file describes."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache

from settings.environment import Adopt
from settings.loading import Settings, load_settings


def settings_of_tests(
    chain: Sequence[str], *, adopted: Mapping[str, str] | None = None, account: str | None = None
) -> Settings:
    """Staging's, but for its name and what the account has already."""
    known = _staging()
    return replace(
        known,
        environment="test",
        account=account,
        adopt=Adopt(repositories=dict(adopted or {})),
        components={name: known.components[name] for name in chain},
    )


@cache
def _staging() -> Settings:
    return load_settings("staging")
