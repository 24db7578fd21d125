#!/usr/bin/env python3
"""Synthesize the stacks of an environment: `-c environment=prod2` chooses it; without it, staging."""

import os
import sys

import aws_cdk as cdk

from exchange_constructs.nag import add_rules
from settings.loading import SettingsError, load_settings
from stacks.composition import compose


def main() -> None:
    app = cdk.App()
    environment = app.node.try_get_context("environment") or "staging"
    try:
        settings = load_settings(environment, region=os.environ.get("CDK_DEFAULT_REGION"))
        compose(app, settings)
    except SettingsError as error:
        sys.exit(str(error))
    if os.environ.get("EXCHANGE_NAG") != "false":  # a synth that only compares templates goes without the rules
        add_rules(app)
    app.synth()


if __name__ == "__main__":
    main()
