"""What the names of load balancers stand for, and those that lead to them: for programs outside the VPC, like builds.

A domain has no record here: the name of a certificate leads to the listener that shows it. Such programs trust the one
certificate of the local AWS as they trust Amazon's.
"""

import ssl
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from local_aws.elastic_load_balancing import load_balancer
from local_aws.host import certificates, workplace
from local_aws.ministack_parts import embedding
from local_aws.ministack_parts.answers import request_scope
from local_aws.ministack_parts.services import acm, alb

RESOLVER = workplace.TASK_NAMES
TRUSTED = "trusted.pem"


def environment(folder: Path) -> dict[str, str]:
    """Return the variables by which a program finds and trusts the listeners; `folder` keeps the certificate."""
    names = " ".join(f"{name}={endpoint}" for name, endpoint in sorted(_endpoints()))
    return {"PUBLIC_NAMES": names, "PYTHONPATH": str(RESOLVER), "SSL_CERT_FILE": str(_trusted(folder))}


def _endpoints() -> Iterator[tuple[str, str]]:
    with request_scope(embedding.ACCOUNT, embedding.REGION):
        listeners, balancers = list(alb.listeners.values()), dict(alb.load_balancers)
    for listener in listeners:
        arn, port = listener["LoadBalancerArn"], int(listener["Port"])
        endpoint = load_balancer.url(arn, port).rpartition("/")[2]
        certified = [acm.certificates[certificate] for certificate in listener.get("Certificates") or []]
        for name in (balancers[arn]["DNSName"], *(certificate["DomainName"] for certificate in certified)):
            yield f"{name}:{port}", endpoint


@cache
def _trusted(folder: Path) -> Path:
    """Write the certificates that a program trusts, once: builds that run read the file."""
    file = folder / TRUSTED
    file.write_bytes(_authorities() + certificates.public_pem())
    return file


def _authorities() -> bytes:
    file = ssl.get_default_verify_paths().cafile
    return Path(file).read_bytes() if file and Path(file).exists() else b""
