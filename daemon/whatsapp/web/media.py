"""Files on WhatsApp's media hosts: their keys, encryption piece by piece, addresses, and asking for an expired one.

A stored file is AES-256-CBC (PKCS#7) ‖ the first 10 bytes of HMAC-SHA256(IV ‖ ciphertext). Its hash, as stored, is
part of its address and of the message.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Collection, Mapping
from typing import Any, Final, Literal, cast, get_args
from urllib.parse import quote, urlsplit

from attrs import field, frozen
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.padding import PKCS7

from daemon.whatsapp.web import messages_pb2 as wa
from daemon.whatsapp.web import protobuf
from daemon.whatsapp.web.curve import hkdf
from daemon.whatsapp.web.errors import Garbled, Untrusted

Kind = Literal["image", "sticker", "video", "audio", "document", "history"]
RetryResult = Literal["success", "general_error", "not_found", "decryption_error"]

KEY_BYTES: Final = 32
HASH_BYTES: Final = 32
MAC_BYTES: Final = 10
BLOCK_BYTES: Final = 16
NONCE_BYTES: Final = 12
MAX_PATH: Final = 2048
HEADERS: Final = {"Origin": "https://web.whatsapp.com", "Referer": "https://web.whatsapp.com/"}
"""What the media hosts expect of a browser."""

_PLACES: Final[Mapping[str, tuple[bytes, str]]] = {  # the HKDF's info, the name in addresses
    "image": (b"WhatsApp Image Keys", "image"),
    "sticker": (b"WhatsApp Image Keys", "image"),
    "video": (b"WhatsApp Video Keys", "video"),
    "audio": (b"WhatsApp Audio Keys", "audio"),
    "document": (b"WhatsApp Document Keys", "document"),
    "history": (b"WhatsApp History Keys", "md-msg-hist"),
}
_RETRY_INFO: Final = b"WhatsApp Media Retry Notification"
_HOST: Final = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?:whatsapp\.net|fbcdn\.net)", re.ASCII)
_PATH: Final = re.compile(r"/[A-Za-z0-9._~!$&'()*+,;=:@%?-][A-Za-z0-9._~!$&'()*+,;=:@%?/-]*", re.ASCII)
_RESULTS: Final[Mapping[int, RetryResult]] = {
    wa.MediaRetryNotification.GENERAL_ERROR: "general_error",
    wa.MediaRetryNotification.SUCCESS: "success",
    wa.MediaRetryNotification.NOT_FOUND: "not_found",
    wa.MediaRetryNotification.DECRYPTION_ERROR: "decryption_error",
}


@frozen
class MediaKeys:
    """What one file is encrypted with."""

    iv: bytes = field(repr=False)
    cipher: bytes = field(repr=False)
    mac: bytes = field(repr=False)


@frozen(kw_only=True)
class Reference:
    """A file on the media hosts, as a message names it. Raises `Garbled` when made of what cannot be one."""

    kind: Kind
    direct_path: str
    media_key: bytes = field(repr=False)
    enc_sha256: bytes
    sha256: bytes = b""  # of the plain file; empty if the message does not say
    size_bytes: int = 0  # of the plain file, as the sender says; 0 if unknown

    def __attrs_post_init__(self) -> None:
        _check_path(self.direct_path)
        if self.kind not in _PLACES:
            raise Garbled(f"there are no files of kind {self.kind!r}")
        if len(self.media_key) != KEY_BYTES or len(self.enc_sha256) != HASH_BYTES:
            raise Garbled("the message names a file without a whole key and hash")
        if len(self.sha256) not in (0, HASH_BYTES):
            raise Garbled(f"a SHA-256 has {HASH_BYTES} bytes, not {len(self.sha256)}")

    def as_content(self) -> dict[str, Any]:
        """For `content["media"]["web"]`: survives JSON."""
        return {
            "kind": self.kind,
            "direct_path": self.direct_path,
            "media_key": base64.b64encode(self.media_key).decode(),
            "enc_sha256": base64.b64encode(self.enc_sha256).decode(),
            "bytes": self.size_bytes,
        }

    @classmethod
    def of_content(cls, media: Mapping[str, Any]) -> "Reference":
        """Of a stored `content["media"]`. Raises `Garbled` if it does not hold one."""
        web = media.get("web")
        if not isinstance(web, dict):
            raise Garbled("this message's file does not lie on WhatsApp Web's hosts")
        try:
            return cls(
                kind=cast("Kind", str(web["kind"])),
                direct_path=str(web["direct_path"]),
                media_key=base64.b64decode(web["media_key"], validate=True),
                enc_sha256=base64.b64decode(web["enc_sha256"], validate=True),
                sha256=bytes.fromhex(media.get("sha256") or ""),
                size_bytes=int(web.get("bytes") or 0),
            )
        except (KeyError, TypeError, ValueError, binascii.Error) as error:
            raise Garbled(f"the stored reference to a file is damaged ({error})") from None


@frozen
class Encrypted:
    """The end of an encrypted file, and what the message says of the whole."""

    tail: bytes = field(repr=False)
    sha256: bytes
    enc_sha256: bytes
    size_bytes: int  # of the plain file


def keys(media_key: bytes, kind: str) -> MediaKeys:
    """The keys of a file from the 32 bytes its message carries. Raises `Garbled`."""
    if len(media_key) != KEY_BYTES:
        raise Garbled(f"a media key has {KEY_BYTES} bytes, not {len(media_key)}")
    info, _ = _place(kind)
    expanded = hkdf(media_key, salt=None, info=info, length=112)  # the last 32 bytes have no use
    return MediaKeys(expanded[:16], expanded[16:48], expanded[48:80])


class Encryptor:
    """Encrypts one file piece by piece, in constant memory."""

    def __init__(self, file_keys: MediaKeys) -> None:
        self._cipher = Cipher(algorithms.AES(file_keys.cipher), modes.CBC(file_keys.iv)).encryptor()
        self._padder = PKCS7(BLOCK_BYTES * 8).padder()
        self._mac = hmac.new(file_keys.mac, file_keys.iv, hashlib.sha256)
        self._plain = hashlib.sha256()
        self._stored = hashlib.sha256()
        self._bytes = 0

    def feed(self, plain: bytes) -> bytes:
        """Take the next piece; what of the encrypted file is ready."""
        self._plain.update(plain)
        self._bytes += len(plain)
        return self._store(self._padder.update(plain))

    def finish(self) -> Encrypted:
        """The rest of the file, and its hashes. Once, at the end."""
        last = self._store(self._padder.finalize()) + self._cipher.finalize()
        mac = self._mac.digest()[:MAC_BYTES]
        self._stored.update(mac)
        return Encrypted(last + mac, self._plain.digest(), self._stored.digest(), self._bytes)

    def _store(self, padded: bytes) -> bytes:
        ciphertext = self._cipher.update(padded)
        self._mac.update(ciphertext)
        self._stored.update(ciphertext)
        return ciphertext


class Decryptor:
    """Decrypts one file piece by piece, in constant memory.

    What `feed` gives is unproven: keep it aside (a file without its final name) until `finish` has returned.
    """

    def __init__(self, file_keys: MediaKeys, *, enc_sha256: bytes, sha256: bytes = b"", max_bytes: int) -> None:
        """`max_bytes` of the plain file; `sha256` is not compared if empty."""
        self._cipher = Cipher(algorithms.AES(file_keys.cipher), modes.CBC(file_keys.iv)).decryptor()
        self._padder = PKCS7(BLOCK_BYTES * 8).unpadder()
        self._mac = hmac.new(file_keys.mac, file_keys.iv, hashlib.sha256)
        self._plain = hashlib.sha256()
        self._stored = hashlib.sha256()
        self._expected = (enc_sha256, sha256)
        self._left = max_bytes + BLOCK_BYTES + MAC_BYTES
        self._held = b""  # the last bytes so far: they are the MAC if nothing follows

    def feed(self, stored: bytes) -> bytes:
        """Take the next piece as stored; what could be decrypted. Raises `Garbled` over the limit."""
        self._left -= len(stored)
        if self._left < 0:
            raise Garbled("the file is larger than it may be")
        self._stored.update(stored)
        known = self._held + stored
        ciphertext, self._held = known[:-MAC_BYTES], known[-MAC_BYTES:]
        self._mac.update(ciphertext)
        plain = self._padder.update(self._cipher.update(ciphertext))
        self._plain.update(plain)
        return plain

    @property
    def sha256(self) -> bytes:
        """Of the plain file so far; of all of it once `finish` has returned."""
        return self._plain.digest()

    def finish(self) -> bytes:
        """The last piece, once everything is proven: stored hash, MAC, padding, plain hash, in this order.

        Raises `Untrusted`: nothing of the file may be used then.
        """
        enc_sha256, sha256 = self._expected
        if not hmac.compare_digest(self._stored.digest(), enc_sha256):
            raise Untrusted("the file is not the one the message names")
        if not hmac.compare_digest(self._mac.digest()[:MAC_BYTES], self._held):
            raise Untrusted("the file was not encrypted with the message's key")
        try:
            last = self._padder.update(self._cipher.finalize()) + self._padder.finalize()
        except ValueError:
            raise Untrusted("the file does not end as an encrypted file does") from None
        self._plain.update(last)
        if sha256 and not hmac.compare_digest(self._plain.digest(), sha256):
            raise Untrusted("the decrypted file does not have the hash the message names")
        return last


def origin(host: str, test_origins: Collection[str] = ()) -> str:
    """Where a media host may be reached: "https://<host>", or the one of `test_origins` (scheme://host:port) with
    that host and port. Raises `Untrusted` for any other host."""
    for each in test_origins:
        if host and urlsplit(each).netloc == host:
            return each.rstrip("/")
    if len(host) > 253 or not _HOST.fullmatch(host):
        raise Untrusted(f"{host[:100]!r} is not a media host of WhatsApp")
    return f"https://{host}"


def download_url(reference: Reference, host: str, test_origins: Collection[str] = ()) -> str:
    """Where to GET a file, with `HEADERS`. Raises `Untrusted` for a host that is not WhatsApp's."""
    path, (_, place) = reference.direct_path, _place(reference.kind)
    joint = "&" if "?" in path else "?"
    stored = _token(reference.enc_sha256)
    return f"{origin(host, test_origins)}{path}{joint}hash={stored}&mms-type={place}&__wa-mms="


def upload_url(kind: str, enc_sha256: bytes, *, host: str, auth: str, test_origins: Collection[str] = ()) -> str:
    """Where to POST an encrypted file, with `HEADERS`. Raises `Untrusted` or `Garbled`."""
    _, place = _place(kind)
    token = quote(_token(enc_sha256), safe="")
    return f"{origin(host, test_origins)}/mms/{place}/{token}?auth={quote(auth, safe='')}&token={token}"


def retry_request(media_key: bytes, message_id: str, nonce: bytes) -> bytes:
    """The `enc_p` that asks our phone to upload a file again; `nonce` (12 bytes) is its `enc_iv`."""
    plain = wa.ServerErrorReceipt(stanzaId=message_id).SerializeToString()
    return AESGCM(_retry_key(media_key)).encrypt(_nonce(nonce), plain, message_id.encode())


def read_retry_request(media_key: bytes, message_id: str, nonce: bytes, enc_p: bytes) -> None:
    """The phone's side of `retry_request`. Raises `Garbled`, `Untrusted`."""
    asked = protobuf.parse(wa.ServerErrorReceipt, _opened(media_key, message_id, nonce, enc_p))
    if asked.stanzaId != message_id:
        raise Untrusted("the request for a file names another message")


def retry_answer(media_key: bytes, message_id: str, nonce: bytes, *, direct_path: str) -> bytes:
    """The phone's side of `read_retry_answer`: where the file now lies, or "" where the phone has it no more."""
    found = wa.MediaRetryNotification.SUCCESS if direct_path else wa.MediaRetryNotification.NOT_FOUND
    answer = wa.MediaRetryNotification(stanzaId=message_id, result=found, directPath=direct_path or None)
    return AESGCM(_retry_key(media_key)).encrypt(_nonce(nonce), answer.SerializeToString(), message_id.encode())


def read_retry_answer(media_key: bytes, message_id: str, nonce: bytes, enc_p: bytes) -> tuple[RetryResult, str]:
    """What the phone answered, and the file's new direct path ("" unless "success"); its keys stay the same.

    Raises `Garbled`, or `Untrusted` if it was not our phone that answered for this message.
    """
    answer = protobuf.parse(wa.MediaRetryNotification, _opened(media_key, message_id, nonce, enc_p))
    if answer.stanzaId != message_id:
        raise Untrusted("the answer about a file is for another message")
    result = _RESULTS.get(answer.result, "general_error")
    if result != "success":
        return result, ""
    _check_path(answer.directPath)
    return result, answer.directPath


def _place(kind: str) -> tuple[bytes, str]:
    try:
        return _PLACES[kind]
    except KeyError:
        raise Garbled(f"there are no files of kind {kind!r}") from None


def _check_path(path: object) -> None:
    """The path goes into an address as it is: it must not be able to name another host or leave its folder."""
    if not isinstance(path, str) or len(path) > MAX_PATH or not _PATH.fullmatch(path):
        raise Garbled("the message names no usable path of a file")
    if ".." in path.partition("?")[0].split("/"):
        raise Garbled("the path of a file leads out of its folder")


def _token(enc_sha256: bytes) -> str:
    return base64.urlsafe_b64encode(enc_sha256).decode()


def _retry_key(media_key: bytes) -> bytes:
    if len(media_key) != KEY_BYTES:
        raise Garbled(f"a media key has {KEY_BYTES} bytes, not {len(media_key)}")
    return hkdf(media_key, salt=None, info=_RETRY_INFO, length=32)


def _nonce(nonce: bytes) -> bytes:
    if len(nonce) != NONCE_BYTES:
        raise Garbled(f"this nonce has {NONCE_BYTES} bytes, not {len(nonce)}")
    return nonce


def _opened(media_key: bytes, message_id: str, nonce: bytes, enc_p: bytes) -> bytes:
    try:
        return AESGCM(_retry_key(media_key)).decrypt(_nonce(nonce), enc_p, message_id.encode())
    except InvalidTag:
        raise Untrusted("word about a file that neither we nor our phone encrypted") from None


assert set(_PLACES) == set(get_args(Kind))
