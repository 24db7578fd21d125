"""A self-signed certificate for the HTTPS listeners: one for each local AWS, made when first needed."""

import datetime
import ipaddress
import ssl
import tempfile
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from local_aws.host import workplace

NAMES = ("*.example.com", "*.elb.amazonaws.com", "localhost")


@cache
def server_context() -> ssl.SSLContext:
    """Return the TLS context of the listeners."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory(dir=workplace.current().temporary) as folder:
        file = Path(folder) / "listener.pem"
        file.write_bytes(_pem())
        context.load_cert_chain(file)
    return context


def public_pem() -> bytes:
    """Return, as PEM, the certificate that a program needs to trust the listeners."""
    return _made()[0].public_bytes(serialization.Encoding.PEM)


def _pem() -> bytes:
    return public_pem() + _made()[1].private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


@cache
def _made() -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    return _certificate(key), key


def _certificate(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAMES[0])])
    today = datetime.datetime.now(datetime.UTC)
    addresses = [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - datetime.timedelta(days=1))
        .not_valid_after(today + datetime.timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([*map(x509.DNSName, NAMES), *addresses]), critical=False)
        .sign(key, hashes.SHA256())
    )
