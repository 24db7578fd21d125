"""The settings: pydantic models of `config/`, read and checked. Nothing here knows CDK."""
