"""Reads and checks the settings: pydantic models of the files in `config/`. Nothing here knows CDK."""
