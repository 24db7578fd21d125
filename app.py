#!/usr/bin/env python3
"""Settings -> stacks -> synth. `-c environment=prod2` chooses the environment; without it, staging."""

import gc

gc.disable()  # the process ends with the synth; looking for garbage takes a sixth of it, from the imports on

import os
import sys

import aws_cdk as cdk

from settings.loading import SettingsError, load_settings
from stacks.composition import compose


def main() -> None:
    app = cdk.App(tree_metadata=False, stack_traces=False)  # nobody reads either, and both take a while
    environment = app.node.try_get_context("environment") or "staging"
    try:
        settings = load_settings(environment, region=os.environ.get("CDK_DEFAULT_REGION"))
        compose(app, settings)
    except SettingsError as error:
        sys.exit(str(error))
    if os.environ.get("EXCHANGE_NAG") != "false":
        from stacks.rules import add_rules  # noqa: PLC0415 - to load cdk-nag takes a while

        add_rules(app)
    app.synth()
    gc.freeze()  # nor is garbage looked for at the end, when all goes anyway


if __name__ == "__main__":
    main()
