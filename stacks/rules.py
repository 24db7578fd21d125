"""The rules that every template is held against."""

import cdk_nag
from aws_cdk import App, Validations

from exchange_constructs.acknowledgements import hand_over


def add_rules(app: App) -> None:
    """Both packs of cdk-nag, and what reviewers have accepted so far: to be called when all is composed."""
    hand_over()
    Validations.of(app).add_plugins(cdk_nag.AwsSolutionsChecks(app), cdk_nag.NIST80053R5Checks(app))
