"""Files: the vector, pieces of any size, every flipped byte, addresses that lead nowhere else."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from daemon.whatsapp.web import media
from daemon.whatsapp.web import messages_pb2 as wa
from daemon.whatsapp.web.curve import hkdf
from daemon.whatsapp.web.errors import Garbled, Untrusted
from daemon.whatsapp.web.media import Decryptor, Encrypted, Encryptor, Reference

VECTORS = Path(__file__).parents[3] / "data" / "whatsapp-web" / "test-vectors.json"
KEY = bytes(range(32))
PATH = "/v/t62.7118-24/12345_n.enc?ccb=11-4&oh=01_x"
NONCE = b"n" * 12


@pytest.fixture(scope="module")
def vector() -> dict[str, Any]:
    given: dict[str, Any] = json.loads(VECTORS.read_text())["media"]
    return {name: value if name == "info" else bytes.fromhex(value) for name, value in given.items()}


def encrypt(pieces: Iterable[bytes], *, kind: str = "image") -> tuple[bytes, Encrypted]:
    encryptor = Encryptor(media.keys(KEY, kind))
    stored = b"".join(encryptor.feed(piece) for piece in pieces)
    end = encryptor.finish()
    return stored + end.tail, end


def decrypt(pieces: Iterable[bytes], end: Encrypted, *, kind: str = "image", max_bytes: int = 1 << 20) -> bytes:
    decryptor = Decryptor(media.keys(KEY, kind), enc_sha256=end.enc_sha256, sha256=end.sha256, max_bytes=max_bytes)
    plain = b"".join([decryptor.feed(piece) for piece in pieces])
    return plain + decryptor.finish()


def cut(data: bytes, sizes: list[int]) -> list[bytes]:
    pieces, at = [], 0
    for size in sizes:
        pieces.append(data[at : at + size])
        at += size
    return [*pieces, data[at:]]


def reference(**changes: Any) -> Reference:
    whole = {
        "kind": "image",
        "direct_path": PATH,
        "media_key": KEY,
        "enc_sha256": b"\xfb\xff" * 16,
        "sha256": b"\x01" * 32,
        "size_bytes": 17,
    }
    return Reference(**{**whole, **changes})


def test_keys_of_the_vector(vector: dict[str, Any]) -> None:
    found = media.keys(vector["media_key"], "image")
    assert (found.iv, found.cipher, found.mac) == (vector["iv"], vector["cipher_key"], vector["mac_key"])
    assert media.keys(vector["media_key"], "sticker") == found
    assert media.keys(vector["media_key"], "video") != found


def test_the_vector_both_ways(vector: dict[str, Any]) -> None:
    encryptor = Encryptor(media.keys(vector["media_key"], "image"))
    stored = encryptor.feed(vector["plaintext"])
    end = encryptor.finish()
    assert stored + end.tail == vector["uploaded"]
    assert (end.sha256, end.enc_sha256) == (vector["file_sha256"], vector["file_enc_sha256"])
    assert end.size_bytes == len(vector["plaintext"])
    decryptor = Decryptor(
        media.keys(vector["media_key"], "image"),
        enc_sha256=vector["file_enc_sha256"],
        sha256=vector["file_sha256"],
        max_bytes=100,
    )
    assert decryptor.feed(vector["uploaded"]) + decryptor.finish() == vector["plaintext"]


@given(st.binary(max_size=400), st.lists(st.integers(0, 70)), st.lists(st.integers(0, 70)))
def test_any_pieces_make_the_same_file(plain: bytes, outward: list[int], inward: list[int]) -> None:
    stored, end = encrypt(cut(plain, outward))
    assert stored == encrypt([plain])[0]
    assert end.sha256 == hashlib.sha256(plain).digest()
    assert end.enc_sha256 == hashlib.sha256(stored).digest()
    assert decrypt(cut(stored, inward), end) == plain


@given(st.binary(max_size=100), st.data())
def test_a_flipped_bit_is_refused_even_where_the_message_names_the_flipped_file(
    plain: bytes, data: st.DataObject
) -> None:
    stored, end = encrypt([plain])
    at = data.draw(st.integers(0, len(stored) - 1))
    bad = bytearray(stored)
    bad[at] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(Untrusted, match="not the one the message names"):
        decrypt([bytes(bad)], end)
    named = Encrypted(b"", end.sha256, hashlib.sha256(bad).digest(), end.size_bytes)
    with pytest.raises(Untrusted, match="not encrypted with the message's key"):
        decrypt([bytes(bad)], named)


@given(st.binary(max_size=60))
def test_garbage_is_refused_whatever_its_hash(stored: bytes) -> None:
    with pytest.raises(Untrusted):
        decrypt([stored], Encrypted(b"", b"", hashlib.sha256(stored).digest(), 0))


@pytest.mark.parametrize("ciphertext", [b"", b"x" * 15, b"x" * 17, b"x" * 32])
def test_a_file_encrypted_with_the_key_but_wrongly_padded(ciphertext: bytes) -> None:
    keys = media.keys(KEY, "image")
    stored = ciphertext + hmac.digest(keys.mac, keys.iv + ciphertext, "sha256")[:10]
    with pytest.raises(Untrusted, match="does not end"):
        decrypt([stored], Encrypted(b"", b"", hashlib.sha256(stored).digest(), 0))


def test_the_plain_hash_is_compared_last() -> None:
    stored, end = encrypt([b"um gol"])
    with pytest.raises(Untrusted, match="decrypted file"):
        decrypt([stored], Encrypted(b"", b"\x00" * 32, end.enc_sha256, 6))
    assert decrypt([stored], Encrypted(b"", b"", end.enc_sha256, 6)) == b"um gol"


def test_another_kind_has_other_keys() -> None:
    stored, end = encrypt([b"um gol"], kind="audio")
    with pytest.raises(Untrusted, match="key"):
        decrypt([stored], end, kind="document")


def test_a_file_over_the_limit_is_refused_before_it_has_all_come() -> None:
    stored, end = encrypt([bytes(1000)])
    assert decrypt([stored], end, max_bytes=1000) == bytes(1000)
    decryptor = Decryptor(media.keys(KEY, "image"), enc_sha256=end.enc_sha256, max_bytes=100)
    with pytest.raises(Garbled, match="larger"):
        decryptor.feed(stored[:200])


@pytest.mark.parametrize("key", [b"", bytes(31), bytes(33)])
def test_a_media_key_has_32_bytes(key: bytes) -> None:
    with pytest.raises(Garbled):
        media.keys(key, "image")
    with pytest.raises(Garbled):
        media.retry_request(key, "3EB0", NONCE)
    with pytest.raises(Garbled):
        reference(media_key=key)


def test_a_reference_survives_the_messages_content() -> None:
    file = reference()
    content = json.loads(json.dumps({"web": file.as_content(), "sha256": file.sha256.hex()}))
    assert Reference.of_content(content) == file
    assert KEY.hex() not in repr(file)


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"web": None},
        {"web": {}},
        {"web": {**reference().as_content(), "kind": "exe"}},
        {"web": {**reference().as_content(), "media_key": "***"}},
        {"web": {**reference().as_content(), "enc_sha256": "é"}},
        {"web": {**reference().as_content(), "media_key": None}},
        {"web": {**reference().as_content(), "bytes": "viele"}},
        {"web": reference().as_content(), "sha256": "zz"},
        {"web": reference().as_content(), "sha256": "00"},
    ],
)
def test_a_damaged_reference_says_so(content: dict[str, Any]) -> None:
    with pytest.raises(Garbled):
        Reference.of_content(content)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "v/t62",
        "//evil.example/x",
        "/",
        "/v/../../admin",
        "/v/x y",
        "/v/x#y",
        "/v/x\r\nHost: evil.example",
        "\\evil.example",
        "@evil.example/",
        "https://evil.example/",
        "/" + "x" * 3000,
        "/v/é",
        b"/v/\xff",
        None,
    ],
)
def test_a_path_cannot_lead_elsewhere(path: Any) -> None:
    with pytest.raises(Garbled):
        reference(direct_path=path)


@pytest.mark.parametrize("host", ["mmg.whatsapp.net", "media-gru1-1.cdn.whatsapp.net", "scontent.xx.fbcdn.net"])
def test_hosts_of_whatsapp(host: str) -> None:
    assert media.origin(host) == f"https://{host}"


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "whatsapp.net",
        "evilwhatsapp.net",
        "mmg.whatsapp.net.evil.example",
        "mmg.whatsapp.net:8443",
        "user@mmg.whatsapp.net",
        "evil.example/.whatsapp.net",
        "evil.example#.whatsapp.net",
        "mmg.whatsapp.net\n",
        "-.whatsapp.net",
        "127.0.0.1",
        "127.0.0.1:9000",
        "a" * 300 + ".whatsapp.net",
    ],
)
def test_other_hosts_are_never_asked(host: str) -> None:
    with pytest.raises(Untrusted):
        media.origin(host, ["http://127.0.0.1:8000"])
    with pytest.raises(Untrusted):
        media.download_url(reference(), host)
    with pytest.raises(Untrusted):
        media.upload_url("image", bytes(32), host=host, auth="x")


def test_a_test_servers_origin() -> None:
    assert media.origin("127.0.0.1:8000", ["http://127.0.0.1:8000/"]) == "http://127.0.0.1:8000"


def test_addresses() -> None:
    padded = base64.urlsafe_b64encode(b"\xfb\xff" * 16).decode()
    assert "=" in padded
    url = media.download_url(reference(), "mmg.whatsapp.net")
    assert url == f"https://mmg.whatsapp.net{PATH}&hash={padded}&mms-type=image&__wa-mms="
    bare = media.download_url(reference(direct_path="/v/x.enc", kind="history"), "mmg.whatsapp.net")
    assert bare == f"https://mmg.whatsapp.net/v/x.enc?hash={padded}&mms-type=md-msg-hist&__wa-mms="
    escaped = padded.replace("=", "%3D")
    up = media.upload_url("audio", b"\xfb\xff" * 16, host="mmg.whatsapp.net", auth="a/b+c=")
    assert up == f"https://mmg.whatsapp.net/mms/audio/{escaped}?auth=a%2Fb%2Bc%3D&token={escaped}"
    with pytest.raises(Garbled):
        media.upload_url("exe", bytes(32), host="mmg.whatsapp.net", auth="x")


def test_asking_the_phone_for_an_expired_file() -> None:
    media.read_retry_request(KEY, "3EB0AA", NONCE, media.retry_request(KEY, "3EB0AA", NONCE))
    found = media.retry_answer(KEY, "3EB0AA", NONCE, direct_path=PATH)
    assert media.read_retry_answer(KEY, "3EB0AA", NONCE, found) == ("success", PATH)
    gone = media.retry_answer(KEY, "3EB0AA", NONCE, direct_path="")
    assert media.read_retry_answer(KEY, "3EB0AA", NONCE, gone) == ("not_found", "")


def test_an_answer_for_another_message_or_from_another_is_refused() -> None:
    answer = media.retry_answer(KEY, "3EB0AA", NONCE, direct_path=PATH)
    for key, id_, nonce in ((KEY, "3EB0BB", NONCE), (bytes(32), "3EB0AA", NONCE), (KEY, "3EB0AA", bytes(12))):
        with pytest.raises(Untrusted):
            media.read_retry_answer(key, id_, nonce, answer)
    for at in range(len(answer)):
        bad = answer[:at] + bytes([answer[at] ^ 1]) + answer[at + 1 :]
        with pytest.raises(Untrusted):
            media.read_retry_answer(KEY, "3EB0AA", NONCE, bad)


def test_the_id_inside_counts_too() -> None:
    key = hkdf(KEY, salt=None, info=b"WhatsApp Media Retry Notification", length=32)
    asked = wa.ServerErrorReceipt(stanzaId="3EB0BB").SerializeToString()
    told = wa.MediaRetryNotification(stanzaId="3EB0BB", directPath=PATH, result=1).SerializeToString()
    with pytest.raises(Untrusted, match="another message"):
        media.read_retry_request(KEY, "3EB0AA", NONCE, AESGCM(key).encrypt(NONCE, asked, b"3EB0AA"))
    with pytest.raises(Untrusted, match="another message"):
        media.read_retry_answer(KEY, "3EB0AA", NONCE, AESGCM(key).encrypt(NONCE, told, b"3EB0AA"))


def test_a_new_path_is_checked_like_the_first() -> None:
    answer = media.retry_answer(KEY, "3EB0AA", NONCE, direct_path="//evil.example/x")
    with pytest.raises(Garbled):
        media.read_retry_answer(KEY, "3EB0AA", NONCE, answer)


@given(st.binary(max_size=40), st.binary(max_size=60))
def test_garbage_about_an_expired_file(nonce: bytes, enc_p: bytes) -> None:
    with pytest.raises(Garbled):
        media.read_retry_answer(KEY, "3EB0AA", nonce, enc_p)
    with pytest.raises(Garbled):
        media.read_retry_request(KEY, "3EB0AA", nonce, enc_p)
