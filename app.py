#!/usr/bin/env python3
"""Settings -> stacks -> synth. `-c environment=prod2` chooses the environment; without it, staging."""

import gc

gc.disable()  # the process ends with the synth; looking for garbage takes a sixth of it, from the imports on

import os
import sys

import aws_cdk as cdk
import cdk_nag

from stacks.composition import compose
from stacks.settings import SettingsError, load_settings


def main() -> None:
    app = cdk.App(tree_metadata=False)  # nobody reads tree.json, which takes a while to write
    environment = app.node.try_get_context("environment") or "staging"
    try:
        settings = load_settings(environment, region=os.environ.get("CDK_DEFAULT_REGION"))
        compose(app, settings)
    except SettingsError as error:
        sys.exit(str(error))
    if os.environ.get("EXCHANGE_NAG") != "false":
        packs = (cdk_nag.AwsSolutionsChecks, cdk_nag.NIST80053R5Checks)
        cdk.Validations.of(app).add_plugins(*(pack(app) for pack in packs))
    app.synth()


if __name__ == "__main__":
    main()
