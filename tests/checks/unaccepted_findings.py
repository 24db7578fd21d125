"""Synthesize an environment with nothing accepted, and write which acceptances no rule needs: `acceptances.json`."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from unittest.mock import patch

import aws_cdk as cdk
import cdk_nag
from constructs import IConstruct

from exchange_constructs import nag
from settings.loading import load_settings
from stacks.composition import compose

Acceptance = tuple[str, str]  # where in the tree, and the finding


def main() -> None:
    accepted: list[Acceptance] = [("", finding) for finding in nag.ACCEPTED_EVERYWHERE]

    def note(scope: IConstruct, reasons: Mapping[str, str]) -> None:
        accepted.extend((scope.node.path, finding) for finding in reasons if not finding.startswith("Annotation::"))

    app = cdk.App(builtin_cloud_formation_validation=False)
    with patch.object(nag, "_accept", note):
        compose(app, load_settings(app.node.get_context("environment")))
    folder = Path(app.synth().directory)
    in_resources = {(finding, path) for path, finding in findings(app)}
    in_vain = [
        [path, finding]
        for path, finding in accepted
        if not any(
            finding == name and f"/{where}/".startswith(f"/{path}/".replace("//", "/")) for name, where in in_resources
        )
    ]
    (folder / "acceptances.json").write_text(json.dumps({"accepted": accepted, "in_vain": in_vain}), encoding="utf-8")


def findings(app: cdk.App) -> Iterator[Acceptance]:
    """Yield what both packs find in the app, and in which resource."""
    for pack in (cdk_nag.AwsSolutionsChecks(app), cdk_nag.NIST80053R5Checks(app)):
        for violation in pack.validate_scope(app).violations:
            for resource in violation.violating_resources:
                yield resource.construct_path or "", violation.rule_name


if __name__ == "__main__":
    main()
