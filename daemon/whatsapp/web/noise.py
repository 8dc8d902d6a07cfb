"""The handshake of a connection (Noise XX) and the cipher it leaves behind.

`Noise_XX_25519_AESGCM_SHA256`, https://noiseprotocol.org/noise.html, with WhatsApp's own certificates: three messages,
after which both sides have a key for each direction. The client knows the server by a chain of two certificates that
ends at a pinned root key; there is no way round that check.
"""

import hashlib
import hmac
from typing import Final

from attrs import define, field
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from daemon.whatsapp.web import messages_pb2 as wa
from daemon.whatsapp.web import xeddsa
from daemon.whatsapp.web.curve import KeyPair, dh, hkdf
from daemon.whatsapp.web.errors import Garbled, Untrusted
from daemon.whatsapp.web.frame import INTRO
from daemon.whatsapp.web.protobuf import parse

WHATSAPP_ROOT: Final = bytes.fromhex("142375574d0a587166aae71ebe516437c4a28b73e3695c6ce1f7f9545da8ee6b")
"""The public key that signs WhatsApp's certificates ("WhatsAppLongTerm1")."""

_NAME: Final = b"Noise_XX_25519_AESGCM_SHA256\0\0\0\0"
_KEY_BYTES: Final = 32
_MAX_COUNTER: Final = 2**32


class Transport:
    """The cipher of an open connection: one key and one counter for each direction.

    What was encrypted must be sent in that order, each exactly once; after a `Garbled` the connection is of no use.
    """

    __slots__ = ("_read", "_reads", "_write", "_writes")

    def __init__(self, *, write_key: bytes, read_key: bytes) -> None:
        self._write = AESGCM(write_key)
        self._read = AESGCM(read_key)
        self._writes = 0
        self._reads = 0

    def encrypt(self, plain: bytes) -> bytes:
        """The next payload to send. Raises `Garbled` when the counter is used up (2^32 frames)."""
        cipher = self._write.encrypt(_iv(self._writes), plain, None)
        self._writes += 1
        return cipher

    def decrypt(self, cipher: bytes) -> bytes:
        """The plain text of the next payload received. Raises `Garbled` if it is not exactly that."""
        try:
            plain = self._read.decrypt(_iv(self._reads), cipher, None)
        except InvalidTag:
            raise Garbled(f"payload {self._reads} does not decrypt: connect again") from None
        self._reads += 1
        return plain


@define(eq=False)
class ClientHandshake:
    """Our side. `hello` is sent, `finish` answers what the server says to it; each is used once."""

    static: KeyPair
    ephemeral: KeyPair
    root_public: bytes
    _state: "_State" = field(factory=lambda: _State(), init=False, repr=False)

    def hello(self) -> bytes:
        """The first payload."""
        self._state.mix_hash(self.ephemeral.public)
        return wa.HandshakeMessage(clientHello=wa.ClientHello(ephemeral=self.ephemeral.public)).SerializeToString()

    def finish(self, server_hello: bytes, payload: bytes, now: int) -> tuple[bytes, Transport]:
        """The last payload, which carries `payload` to the server, and the cipher for all that follows.

        `now` is in Unix seconds. Raises `Garbled` for what is no answer to our hello, `Untrusted` for a server that
        the root key does not vouch for; then nothing of ours was given away.
        """
        state = self._state
        hello = parse(wa.HandshakeMessage, server_hello).serverHello
        if len(hello.ephemeral) != _KEY_BYTES or not hello.static or not hello.payload:
            raise Garbled("a server's hello without its three parts")
        state.mix_hash(hello.ephemeral)
        state.mix_key(dh(self.ephemeral.private, hello.ephemeral))
        server_static = state.decrypt(hello.static)
        state.mix_key(dh(self.ephemeral.private, server_static))
        _check_chain(state.decrypt(hello.payload), self.root_public, server_static, now)
        static = state.encrypt(self.static.public)
        state.mix_key(dh(self.static.private, hello.ephemeral))
        finish = wa.ClientFinish(static=static, payload=state.encrypt(payload))
        first, second = state.split()
        message = wa.HandshakeMessage(clientFinish=finish).SerializeToString()
        return message, Transport(write_key=first, read_key=second)


@define(eq=False)
class ServerHandshake:
    """The server's side. `respond` answers a hello, `finish` reads what the client says to that; each is used once."""

    static: KeyPair
    ephemeral: KeyPair
    certificate_chain: bytes
    _state: "_State" = field(factory=lambda: _State(), init=False, repr=False)
    _client_ephemeral: bytes = field(default=b"", init=False, repr=False)

    def respond(self, client_hello: bytes) -> bytes:
        """The server's hello. Raises `Garbled` for what is no client's hello."""
        state = self._state
        theirs = parse(wa.HandshakeMessage, client_hello).clientHello.ephemeral
        if len(theirs) != _KEY_BYTES:
            raise Garbled("a client's hello without a key")
        self._client_ephemeral = theirs
        state.mix_hash(theirs)
        state.mix_hash(self.ephemeral.public)
        state.mix_key(dh(self.ephemeral.private, theirs))
        static = state.encrypt(self.static.public)
        state.mix_key(dh(self.static.private, theirs))
        chain = state.encrypt(self.certificate_chain)
        hello = wa.ServerHello(ephemeral=self.ephemeral.public, static=static, payload=chain)
        return wa.HandshakeMessage(serverHello=hello).SerializeToString()

    def finish(self, client_finish: bytes) -> tuple[bytes, bytes, Transport]:
        """What the client says, its static public key, and the cipher for all that follows. Raises `Garbled`."""
        state = self._state
        finish = parse(wa.HandshakeMessage, client_finish).clientFinish
        client_static = state.decrypt(finish.static)
        state.mix_key(dh(self.ephemeral.private, client_static))
        payload = state.decrypt(finish.payload)
        first, second = state.split()
        return payload, client_static, Transport(write_key=second, read_key=first)


def make_chain(
    root: KeyPair,
    intermediate: KeyPair,
    leaf_public: bytes,
    *,
    not_before: int,
    not_after: int,
    random128: bytes,
) -> bytes:
    """A certificate chain for a server of one's own: the root signs the intermediate key, that one the leaf's.

    Times are in Unix seconds, both ends included; `random128` are 64 fresh random bytes for each signature.
    Raises `ValueError` for fewer of them.
    """
    if len(random128) != 128:
        raise ValueError(f"two signatures take 128 random bytes, not {len(random128)}")
    chain = wa.CertChain()
    _certify(chain.intermediate, root, intermediate.public, 1, 0, (not_before, not_after), random128[:64])
    _certify(chain.leaf, intermediate, leaf_public, 2, 1, (not_before, not_after), random128[64:])
    return chain.SerializeToString()


def _certify(
    certificate: wa.NoiseCertificate,
    issuer: KeyPair,
    key: bytes,
    serial: int,
    issuer_serial: int,
    validity: tuple[int, int],
    random64: bytes,
) -> None:
    details = wa.NoiseCertificateDetails(
        serial=serial, issuerSerial=issuer_serial, key=key, notBefore=validity[0], notAfter=validity[1]
    )
    certificate.details = details.SerializeToString()
    certificate.signature = xeddsa.sign(issuer.private, certificate.details, random64)


def _check_chain(data: bytes, root_public: bytes, leaf_public: bytes, now: int) -> None:
    """Raises `Untrusted` unless the root vouches, at this time, for the key the server has used."""
    chain = parse(wa.CertChain, data)
    intermediate = _check_certificate(chain.intermediate, root_public, 0, now)
    leaf = _check_certificate(chain.leaf, intermediate.key, intermediate.serial, now)
    if not hmac.compare_digest(leaf.key, leaf_public):
        raise Untrusted("the server's certificate is for another key")


def _check_certificate(
    certificate: wa.NoiseCertificate, issuer_public: bytes, issuer_serial: int, now: int
) -> wa.NoiseCertificateDetails:
    """Its details, once they are proved. Raises `Untrusted`."""
    if not certificate.details or not xeddsa.verify(issuer_public, certificate.details, certificate.signature):
        raise Untrusted("a certificate of the server is not signed by its issuer")
    details = parse(wa.NoiseCertificateDetails, certificate.details)
    if details.issuerSerial != issuer_serial:
        raise Untrusted(f"a certificate of the server names issuer {details.issuerSerial}, not {issuer_serial}")
    if len(details.key) != _KEY_BYTES:
        raise Untrusted("a certificate of the server without a key")
    if not details.notBefore <= now <= details.notAfter:
        raise Untrusted(f"a certificate of the server is not valid at {now}: check this machine's clock")
    return details


class _State:
    """Noise's SymmetricState: the hash of all that was said, and the keys that follow from the secrets."""

    __slots__ = ("_cipher", "_counter", "_salt", "hash")

    def __init__(self) -> None:
        self.hash = self._salt = _NAME
        self._cipher = AESGCM(_NAME)
        self._counter = 0
        self.mix_hash(INTRO)

    def mix_hash(self, data: bytes) -> None:
        self.hash = hashlib.sha256(self.hash + data).digest()

    def mix_key(self, secret: bytes) -> None:
        self._salt, key = self._derive(secret)
        self._cipher = AESGCM(key)
        self._counter = 0

    def encrypt(self, plain: bytes) -> bytes:
        cipher = self._cipher.encrypt(_iv(self._counter), plain, self.hash)
        self._counter += 1
        self.mix_hash(cipher)
        return cipher

    def decrypt(self, cipher: bytes) -> bytes:
        try:
            plain = self._cipher.decrypt(_iv(self._counter), cipher, self.hash)
        except InvalidTag:
            raise Garbled("a part of the handshake does not decrypt") from None
        self._counter += 1
        self.mix_hash(cipher)
        return plain

    def split(self) -> tuple[bytes, bytes]:
        """The keys from the client to the server, and back."""
        return self._derive(b"")

    def _derive(self, secret: bytes) -> tuple[bytes, bytes]:
        out = hkdf(secret, salt=self._salt, info=b"", length=2 * _KEY_BYTES)
        return out[:_KEY_BYTES], out[_KEY_BYTES:]


def _iv(counter: int) -> bytes:
    """The counter in the last four of twelve bytes. Raises `Garbled` rather than use one again."""
    if counter >= _MAX_COUNTER:
        raise Garbled("this connection has used all its counters: connect again")
    return counter.to_bytes(12, "big")
