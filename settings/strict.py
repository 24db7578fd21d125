"""What all tables of the settings have alike."""

from pydantic import BaseModel, ConfigDict


class Strict(BaseModel):
    """Frozen; a key that it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)
