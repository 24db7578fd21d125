"""What ECR has found in an image, by its basic scanning and by Amazon Inspector's, read alike.

https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImageScanFindings.html
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Page = Mapping[str, Any]
CRITICAL = "CRITICAL"
SEVERITIES = (CRITICAL, "HIGH", "MEDIUM", "LOW", "INFORMATIONAL")


@dataclass(frozen=True)
class Finding:
    """`id` is the vulnerability's, such as CVE-2026-1; `fixed_in` the versions of `package` without it, if any."""

    id: str
    severity: str
    package: str
    fixed_in: str
    uri: str


def read_findings(pages: Sequence[Page]) -> list[Finding]:
    """The worst first; what Inspector calls closed is none any more."""
    found = [one for page in pages for one in _of(page.get("imageScanFindings") or {})]
    return sorted(found, key=lambda one: (_rank(one.severity), one.id, one.package))


def _rank(severity: str) -> int:
    """A severity that is not known here is looked at last, and counted all the same."""
    return SEVERITIES.index(severity) if severity in SEVERITIES else len(SEVERITIES)


def _of(findings: Page) -> Iterator[Finding]:
    yield from (_basic(one) for one in findings.get("findings") or ())
    for one in findings.get("enhancedFindings") or ():
        if one.get("status") != "CLOSED":
            yield _enhanced(one)


def _basic(found: Page) -> Finding:
    about = {one["key"]: one.get("value", "") for one in found.get("attributes") or ()}
    package = f"{about.get('package_name', '')} {about.get('package_version', '')}".strip()
    return Finding(found["name"], found.get("severity", "UNDEFINED"), package, "", found.get("uri", ""))


def _enhanced(found: Page) -> Finding:
    details = found.get("packageVulnerabilityDetails") or {}
    packages = details.get("vulnerablePackages") or ()
    named = (f"{one.get('name', '')} {one.get('version', '')}".strip() for one in packages)
    fixed = {one["fixedInVersion"] for one in packages if one.get("fixedInVersion") not in (None, "", "NotAvailable")}
    id_ = details.get("vulnerabilityId") or found.get("title") or found["findingArn"]
    severity, source = found.get("severity", "UNTRIAGED"), details.get("sourceUrl", "")
    return Finding(id_, severity, ", ".join(dict.fromkeys(named)), ", ".join(sorted(fixed)), source)
