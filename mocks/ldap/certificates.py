"""A certificate for 127.0.0.1 and the authority that signed it, made on the fly for TLS on this machine."""

from __future__ import annotations

import datetime as dt
import ipaddress
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from OpenSSL import SSL
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator
from zope.interface import implementer

LIFE = dt.timedelta(days=90)
ADDRESSES = ("127.0.0.1", "::1")
HOSTS = ("localhost", "127.0.0.1")  # the address as a name too: ldap3 2.9 on Python 3.12 compares with names alone


@dataclass(frozen=True, slots=True)
class Certificate:
    """All in PEM; `authority` is what a client has to trust."""

    authority: bytes
    certificate: bytes
    key: bytes


def made() -> Certificate:
    """A new authority and a new certificate, valid by real time, which is what TLS clients look at."""
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root_name = _name("argus development authority")
    root = _unsigned(root_name, root_name, root_key.public_key(), root_key.public_key(), authority=True)
    leaf = _unsigned(_name("127.0.0.1"), root_name, key.public_key(), root_key.public_key(), authority=False)
    hosts = [*(x509.IPAddress(ipaddress.ip_address(one)) for one in ADDRESSES), *(x509.DNSName(one) for one in HOSTS)]
    leaf = leaf.add_extension(x509.SubjectAlternativeName(hosts), critical=False)
    leaf = leaf.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    pem = serialization.Encoding.PEM
    return Certificate(
        root.sign(root_key, hashes.SHA256()).public_bytes(pem),
        leaf.sign(root_key, hashes.SHA256()).public_bytes(pem),
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
    )


@implementer(IOpenSSLServerConnectionCreator)
class TlsContext:
    """What Twisted asks for the TLS of a server; its own CertificateOptions pass objects that pyOpenSSL deprecates."""

    def __init__(self, certificate: Certificate) -> None:
        self._context = SSL.Context(SSL.TLS_SERVER_METHOD)
        self._context.set_min_proto_version(SSL.TLS1_2_VERSION)
        self._context.use_certificate(x509.load_pem_x509_certificate(certificate.certificate))
        key = serialization.load_pem_private_key(certificate.key, None)
        assert isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey)
        self._context.use_privatekey(key)

    def serverConnectionForTLS(self, tlsProtocol: object) -> SSL.Connection:
        """For each connection."""
        return SSL.Connection(self._context, None)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _unsigned(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    issuer_key: ec.EllipticCurvePublicKey,
    *,
    authority: bool,
) -> x509.CertificateBuilder:
    """With all that strict clients (Python 3.13) ask for."""
    now = dt.datetime.now(dt.UTC)
    usage = x509.KeyUsage(
        digital_signature=not authority, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=authority, crl_sign=authority, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + LIFE)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), critical=False)
    )
