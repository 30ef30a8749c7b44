"""TLS as a connection and the environment name it: the same for threads and event loops."""

from __future__ import annotations

import ssl
from datetime import datetime, timedelta, timezone
from ipaddress import ip_address

import pytest
from airflow.providers.common.compat.sdk import AirflowException
from casebook import CASES
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID
from requests import RequestException
from scripted_api import ScriptedApi

from airflow_arazzo import ArazzoHook
from arazzo.cli import main
from arazzo.errors import TransportError
from arazzo.exchange import Request

VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """An authority, and what it has signed: a server's certificate and a client's."""
    folder = tmp_path_factory.mktemp("tls")
    until = datetime.now(tz=timezone.utc) + timedelta(days=1)

    def certificate(name, issuer=None):
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        signer = (subject, key) if issuer is None else issuer
        signed = (
            x509.CertificateBuilder(signer[0], subject, key.public_key(), x509.random_serial_number())
            .not_valid_before(until - timedelta(days=2))
            .not_valid_after(until)
            .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
            .sign(signer[1], hashes.SHA256())
        )
        (folder / f"{name}.pem").write_bytes(signed.public_bytes(Encoding.PEM))
        secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / f"{name}.key").write_bytes(secret)
        if name == "client":
            secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"passphrase"))
            (folder / "encrypted.key").write_bytes(secret)
        return subject, key

    authority = certificate("authority")
    certificate("server", authority)
    certificate("client", authority)
    certificate("other")
    return folder


@pytest.fixture
def secured(certificates, api):
    """A request to a server that wants a client's certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
    context.load_verify_locations(certificates / "authority.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    api.server.socket = context.wrap_socket(api.server.socket, server_side=True)
    api.on("GET /x", 200)
    url = api.url.replace("http:", "https:")
    return Request(method="GET", url=f"{url}/x", source="shop", security=(({"key": "mtls", "type": "mutualTLS"},),))


@pytest.fixture(autouse=True)
def nothing_said(monkeypatch):
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)


def test_a_client_certificate_is_shown(certificates, secured, shop, sent):
    trusted = {"verify": str(certificates / "authority.pem")}
    client = {"cert": str(certificates / "client.pem"), "key": str(certificates / "client.key")}
    assert sent(shop({**trusted, **client}), secured)[0].status == 200
    assert sent(shop({"verify": False, **client}), secured)[0].status == 200
    with pytest.raises(TransportError, match="asks for a client's certificate, and connection 'shop' has no 'cert'"):
        sent(shop(trusted), secured)
    with pytest.raises(TransportError, match="certificate verify failed"):
        sent(shop(client), secured)


@pytest.fixture
def elsewhere(certificates):
    """Another server, and what it makes of a client without a certificate."""
    with ScriptedApi() as other:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
        context.load_verify_locations(certificates / "authority.pem")
        other.server.socket = context.wrap_socket(other.server.socket, server_side=True)
        other.on("GET /y", 200)
        yield other, context


def moved(api, other):
    api.script["GET /x"] = [(302, None, {"Location": f"{other.url.replace('http:', 'https:')}/y"})]


@pytest.mark.attack("client certificates", "a redirect to another origin that asks for one")
def test_a_client_certificate_follows_no_redirect_to_another_origin(certificates, secured, api, shop, sent, elsewhere):
    extra = {"verify": str(certificates / "authority.pem"), "cert": str(certificates / "client.pem")}
    hook = shop({**extra, "key": str(certificates / "client.key")})
    other, context = elsewhere
    moved(api, other)
    assert sent(hook, secured)[0].status == 200
    context.verify_mode = ssl.CERT_REQUIRED
    with pytest.raises(TransportError):
        sent(hook, secured)
    assert other.lines == ["GET /y"]


@pytest.mark.attack("client certificates", "a redirect to another origin that asks for one, by what HttpHook has")
def test_a_client_certificate_follows_no_redirect_of_the_session(certificates, secured, api, shop, elsewhere):
    extra = {"verify": str(certificates / "authority.pem"), "cert": str(certificates / "client.pem")}
    shop({**extra, "key": str(certificates / "client.key")})
    session = ArazzoHook("shop").get_conn()
    other, context = elsewhere
    moved(api, other)
    assert session.get(secured.url).status_code == 200
    session.close()
    context.verify_mode = ssl.CERT_REQUIRED
    with pytest.raises(RequestException):
        session.get(secured.url)
    assert other.lines == ["GET /y"]


@pytest.mark.parametrize("variable", VARIABLES[:3])
def test_the_environment_names_authorities_where_the_connection_does_not(
    certificates, secured, shop, sent, monkeypatch, variable
):
    client = {"cert": str(certificates / "client.pem"), "key": str(certificates / "client.key")}
    monkeypatch.setenv(variable, str(certificates / "authority.pem"))
    assert sent(shop(client), secured)[0].status == 200
    with pytest.raises(TransportError, match="certificate verify failed"):
        sent(shop({**client, "trust_env": False}), secured)
    monkeypatch.setenv(variable, str(certificates / "gone.pem"))
    assert sent(shop({**client, "verify": str(certificates / "authority.pem")}), secured)[0].status == 200
    with pytest.raises(
        AirflowException, match=rf"environment variable {variable}: .*gone\.pem cannot be read: No such"
    ):
        sent(shop(client), secured)


def test_a_plain_request_reads_no_authorities_of_the_environment(api, shop, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", "/gone.pem")
    request = Request(method="GET", url=f"{api.on('GET /x').url}/x", source="shop")
    assert shop({}).send(request).status == 200
    with pytest.raises(AirflowException, match="environment variable SSL_CERT_FILE"):
        shop({}).send(Request(method="GET", url="https://127.0.0.1:9/x", source="shop"))


@pytest.mark.parametrize(
    ("files", "text"),
    [
        ({"cert": "gone.pem"}, r"connection 'shop', extra 'cert': .*gone\.pem cannot be read: No such file"),
        ({"cert": "client.pem", "key": "gone.key"}, r"extra 'key': .*gone\.key cannot be read: No such file"),
        ({"verify": "gone.pem"}, r"extra 'verify': .*gone\.pem cannot be read: No such file"),
        ({"verify": "client.key"}, r"extra 'verify': .*client\.key contains no CA certificates"),
        ({"cert": "client.pem"}, r"extra 'cert': .*client\.pem holds no certificate together with its key"),
        ({"cert": "client.pem", "key": "server.key"}, "extra 'cert': .* hold no certificate together with its key"),
        ({"cert": "client.pem", "key": "encrypted.key"}, "extra 'cert': the key is encrypted with a passphrase"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(certificates, api, shop, sent, files, text):
    hook = shop({field: str(certificates / name) for field, name in files.items()})
    with pytest.raises(AirflowException, match=text):
        sent(hook, Request(method="GET", url=f"{api.url}/x", source="shop"))
    assert api.asked == []


def test_a_file_that_has_changed_is_read_again(certificates, tmp_path, secured, shop, sent):
    own = tmp_path / "own.pem"
    extra = {"verify": str(own), "cert": str(certificates / "client.pem"), "key": str(certificates / "client.key")}
    own.write_bytes((certificates / "other.pem").read_bytes())
    with pytest.raises(TransportError, match="certificate verify failed"):
        sent(shop(extra), secured)
    own.write_bytes((certificates / "authority.pem").read_bytes() + b"\n")
    assert sent(shop(extra), secured)[0].status == 200


def test_the_command_trusts_the_authorities_that_it_is_given(certificates, api):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
    api.server.socket = context.wrap_socket(api.server.socket, server_side=True)
    api.on("GET /things", 200, {"items": []})
    url = api.url.replace("http:", "https:")
    document = str(CASES / "branch" / "workflow.arazzo.yaml")

    def run(*options):
        return CliRunner().invoke(main, ["run", document, "--server", f"things={url}", *options])

    refused = run()
    assert refused.exit_code == 1
    assert "certificate verify failed" in refused.stderr
    assert api.lines == []
    run("--ca-bundle", str(certificates / "authority.pem"))
    assert api.lines[:1] == ["GET /things"]
