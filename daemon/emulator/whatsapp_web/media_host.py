"""The media host: encrypted files are uploaded and downloaded over HTTP, on one port with TLS and without.

Some clients insist on https; they are told to trust `ca_file`. What the first byte of a connection is decides.
"""

import base64
import datetime
import hashlib
import ipaddress
import socket
import ssl
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

import h11
import orjson
import trio
from attrs import define, field, frozen
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from daemon.emulator.whatsapp_web.phone_keys import Entropy
from daemon.emulator.whatsapp_web.queries import MediaHost
from daemon.whatsapp.web import media
from daemon.whatsapp.web.compose import Uploaded

MAX_FILE: Final = 128 << 20
IDLE_SECONDS: Final = 30

_TLS_HANDSHAKE: Final = 0x16
_HOST: Final = "127.0.0.1"


@define(eq=False)
class MediaStore:
    """The files, by direct path without its query. `refusals` are HTTP statuses that the next requests get instead."""

    entropy: Entropy = field(repr=False)
    host: str = _HOST  # as in addresses: name and port
    auth: str = ""
    files: dict[str, bytes] = field(factory=dict, repr=False)
    refusals: list[int] = field(factory=list)
    uploads: int = 0
    downloads: int = 0
    _gone: dict[str, bytes] = field(factory=dict, repr=False)

    def __attrs_post_init__(self) -> None:
        self.auth = self.auth or self.entropy(18).hex()

    def put(self, stored: bytes) -> tuple[str, str]:
        """Keep an encrypted file; its address and its direct path."""
        path = f"/v/t62.7118-24/{self.entropy(8).hex()}.enc"
        self.files[path] = stored
        direct = f"{path}?ccb=11-4&oh=01_{self.entropy(6).hex()}&oe=7FFFFFFF&_nc_sid=5e03e0"
        return f"https://{self.host}{direct}&mms3=true", direct

    def expire(self, direct_path: str) -> None:
        """The file is gone from its path, as after some weeks. Raises `KeyError` if there is none."""
        path = urlsplit(direct_path).path
        self._gone[path] = self.files.pop(path)

    def renew(self, direct_path: str) -> str:
        """Where the file lies after the phone uploaded it again; "" if it never was here."""
        path = urlsplit(direct_path).path
        stored = self.files.get(path) or self._gone.get(path)
        return self.put(stored)[1] if stored is not None else ""

    def upload(self, kind: media.Kind, plain: bytes, mime_type: str, now: int) -> Uploaded:
        """As a phone does it: encrypted with a new key."""
        media_key = self.entropy(32)
        encryptor = media.Encryptor(media.keys(media_key, kind))
        stored = encryptor.feed(plain)
        encrypted = encryptor.finish()
        url, path = self.put(stored + encrypted.tail)
        return Uploaded.of(encrypted, kind=kind, media_key=media_key, mime_type=mime_type, url=url, path=path, at=now)

    def answer(self, method: str, target: str, body: bytes) -> tuple[int, bytes]:
        """Status and body of a request."""
        if self.refusals:
            return self.refusals.pop(0), b""
        parts = urlsplit(target)
        if method == "POST":
            return self._uploaded(parts.path, parse_qs(parts.query), body)
        stored = self.files.get(parts.path)
        if stored is None:
            return (410 if parts.path in self._gone else 404), b""
        self.downloads += 1
        return 200, stored

    def _uploaded(self, path: str, query: dict[str, list[str]], body: bytes) -> tuple[int, bytes]:
        if query.get("auth") != [self.auth]:
            return 401, b""
        token = base64.urlsafe_b64encode(hashlib.sha256(body).digest()).decode().rstrip("=")
        named = unquote(path.rpartition("/")[2]).rstrip("=")
        if not path.startswith("/mms/") or named != token or query.get("token", [""])[0].rstrip("=") != token:
            return 400, b'{"error": "the token is not the hash of the file"}'
        self.uploads += 1
        url, direct_path = self.put(body)
        return 200, orjson.dumps({"url": url, "direct_path": direct_path})


@frozen
class Certificate:
    """A key and a certificate for this machine's loopback, which is its own issuer."""

    key: bytes = field(repr=False)
    certificate: bytes

    @classmethod
    def make(cls, now: datetime.datetime) -> "Certificate":
        """Valid from a day ago for a year."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "showroomd media host")])
        names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(_HOST)), x509.DNSName("localhost")])
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=365))
            .add_extension(names, critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(key, hashes.SHA256())
        )
        pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
        return cls(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain), certificate.public_bytes(pem))


@define(eq=False)
class MediaServer:
    """Serves a store. `directory` gets the certificate's files; `ca_file` is what clients trust."""

    store: MediaStore
    certificate: Certificate
    directory: Path

    @property
    def ca_file(self) -> Path:
        """The certificate, PEM."""
        return self.directory / "media.pem"

    @property
    def known_as(self) -> MediaHost:
        """What clients are told."""
        return MediaHost(self.store.host, self.store.auth)

    async def serve(self, port: int = 0, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Accept connections on 127.0.0.1 until cancelled; `started` once it does. Port 0 picks a free one."""
        key_file = self.directory / "media.key"
        key_file.touch(mode=0o600)
        key_file.write_bytes(self.certificate.key)
        self.ca_file.write_bytes(self.certificate.certificate)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.ca_file, key_file)
        async with trio.open_nursery() as nursery:
            listeners = await nursery.start(
                partial(trio.serve_tcp, partial(self._connection, context), port, host=_HOST)
            )
            self.store.host = f"{_HOST}:{listeners[0].socket.getsockname()[1]}"
            task_status.started()

    async def _connection(self, context: ssl.SSLContext, raw: trio.SocketStream) -> None:
        stream: trio.SocketStream | trio.SSLStream[trio.SocketStream] = raw
        try:
            first = await raw.socket.recv(1, socket.MSG_PEEK)
            if first and first[0] == _TLS_HANDSHAKE:
                stream = trio.SSLStream(raw, context, server_side=True, https_compatible=True)
            await self._requests(stream)
        except (trio.BrokenResourceError, h11.RemoteProtocolError, trio.TooSlowError, OSError):
            pass
        finally:
            await trio.aclose_forcefully(stream)

    async def _requests(self, stream: trio.abc.Stream) -> None:
        """One request after the other, for as long as the client likes."""
        peer = h11.Connection(h11.SERVER)
        target, method, body = "", "", bytearray()
        while True:
            event = peer.next_event()
            if event is h11.NEED_DATA:
                with trio.fail_after(IDLE_SECONDS):
                    peer.receive_data(bytes(await stream.receive_some(65536)))
            elif isinstance(event, h11.Request):
                target, method, body = event.target.decode(), event.method.decode(), bytearray()
            elif isinstance(event, h11.Data):
                body += event.data
                if len(body) > MAX_FILE:
                    return
            elif isinstance(event, h11.EndOfMessage):
                status, content = self.store.answer(method, target, bytes(body))
                head = h11.Response(status_code=status, headers=[("Content-Length", str(len(content)))])
                pieces = (peer.send(head), peer.send(h11.Data(content)), peer.send(h11.EndOfMessage()))
                await stream.send_all(b"".join(piece or b"" for piece in pieces))
                if peer.our_state is h11.MUST_CLOSE:
                    return
                peer.start_next_cycle()
            else:
                return
