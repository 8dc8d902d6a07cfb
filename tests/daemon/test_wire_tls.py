"""The wire over TLS, as to Meta and the vendors: a certificate that holds, one that does not."""

import datetime
import ipaddress
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from daemon.wire import NotConnected, Origin, Wire

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
REQUEST = b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n\r\n"
NOW = datetime.datetime(2026, 11, 22, tzinfo=datetime.UTC)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of our own for localhost, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test peer")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW - datetime.timedelta(days=3650))
        .not_valid_after(NOW + datetime.timedelta(days=36500))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.9"))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "peer.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


@asynccontextmanager
async def peer(certificate: Path, connections: list[str | None]) -> AsyncIterator[int]:
    """Answers every request; the port."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    context.set_alpn_protocols(["http/1.1"])

    async def answer(stream: trio.SSLStream[trio.SocketStream]) -> None:
        try:
            await stream.do_handshake()
            connections.append(stream.selected_alpn_protocol())
            while await stream.receive_some():
                await stream.send_all(ANSWER)
        except trio.BrokenResourceError:
            return  # the client did not trust us, or is gone
        finally:
            await trio.aclose_forcefully(stream)

    listeners = await trio.open_ssl_over_tcp_listeners(0, context, host="127.0.0.1", https_compatible=True)
    async with trio.open_nursery() as nursery:
        await nursery.start(trio.serve_listeners, answer, listeners)
        yield listeners[0].transport_listener.socket.getsockname()[1]
        nursery.cancel_scope.cancel()


async def test_requests_share_a_connection_over_tls(certificate: Path) -> None:
    connections: list[str | None] = []
    async with peer(certificate, connections) as port:
        wire = Wire(lambda: ssl.create_default_context(cafile=str(certificate)))
        for _ in range(3):
            response = await wire.exchange(
                Origin(tls=True, host="localhost", port=port), REQUEST, connect_seconds=5, silence_seconds=5
            )
            assert (response.status, response.body) == (200, b"ok")
        assert connections == ["http/1.1"]
        await wire.aclose()


@pytest.mark.parametrize(
    ("host", "trusted"), [("127.0.0.1", True), ("localhost", False)], ids=["another name", "not trusted"]
)
async def test_a_peer_that_is_not_who_it_should_be_gets_nothing(certificate: Path, host: str, trusted: bool) -> None:
    async with peer(certificate, []) as port:
        wire = Wire(lambda: ssl.create_default_context(cafile=str(certificate) if trusted else None))
        with pytest.raises(NotConnected, match="certificate"):
            await wire.exchange(Origin(tls=True, host=host, port=port), REQUEST, connect_seconds=5, silence_seconds=5)
        assert wire.idle == 0
