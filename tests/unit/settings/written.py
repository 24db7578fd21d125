"""A copy of the shipped config in which something was written differently."""

import shutil
from pathlib import Path

import pytest

from settings.loading import CONFIG, Settings, SettingsError, load_settings


class Written:
    """`change` first, then `loaded` or `refusal`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "config"
        shutil.copytree(CONFIG, self.folder)

    def change(self, file: str, old: str, new: str) -> "Written":
        """The first occurrence of `old` in the file becomes `new`."""
        path = self.folder / f"{file}.toml"
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{file}.toml no longer has {old!r}"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        return self

    def loaded(self, environment: str = "staging", *, region: str | None = None) -> Settings:
        return load_settings(environment, region=region, folder=self.folder)

    def refusal(self, environment: str = "staging", *, region: str | None = None) -> list[str]:
        """The lines of the error."""
        with pytest.raises(SettingsError) as caught:
            self.loaded(environment, region=region)
        return str(caught.value).splitlines()
