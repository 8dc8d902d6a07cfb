import datetime
import gzip
import ipaddress
import ssl
from collections.abc import Sequence
from pathlib import Path

import pytest
import trio
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from daemon.errors import FetchError
from daemon.stock.fetch import Fetcher, resolve_name
from tests.support.web_peer import Answer, Asked, web_peer

MB = 1_000_000


class Names:
    """A resolver that answers from a table, each time the next row of a name."""

    def __init__(self, **table: list[list[str]]) -> None:
        self.table = {name.replace("_", "."): rows for name, rows in table.items()}
        self.asked: list[tuple[str, int]] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append((host, port))
        await trio.lowlevel.checkpoint()
        rows = self.table.get(host)
        if rows is None:
            try:
                return [str(ipaddress.ip_address(host))]
            except ValueError:
                raise OSError("unknown name") from None
        return rows.pop(0) if len(rows) > 1 else rows[0]


def fixed(status: int = 200, body: bytes = b"estoque", **headers: str) -> Answer:
    return status, {name.replace("_", "-"): value for name, value in headers.items()}, body


async def test_a_host_is_asked_by_its_name_at_the_checked_address() -> None:
    async with web_peer(lambda asked: fixed(ETag='"1"')) as peer:
        names = Names(loja_example=[["127.0.0.1"], ["10.0.0.66"]])
        async with Fetcher(allow_private=[f"loja.example:{peer.port}"], resolve=names) as fetcher:
            url = f"http://loja.example:{peer.port}/a?b=c"
            fetched = await fetcher.get(url, max_bytes=MB, headers={"If-None-Match": '"0"'})
        assert (fetched.status, fetched.body, fetched.headers["etag"], fetched.url) == (200, b"estoque", '"1"', url)
        assert len(names.asked) == 1, "resolved once: what it resolves to later gains nothing"
        (asked,) = peer.asked
        assert asked.path == "/a?b=c"
        assert asked.headers["host"] == f"loja.example:{peer.port}"
        assert asked.headers["if-none-match"] == '"0"'


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/", "http://[::1]/", "http://10.0.0.5/x", "http://169.254.169.254/latest/meta-data/",
        "http://[::ffff:127.0.0.1]/", "http://0.0.0.0/", "http://inside.example/", "https://inside.example/",
    ],
)  # fmt: skip
async def test_addresses_inside_are_refused(url: str) -> None:
    async with Fetcher(resolve=Names(inside_example=[["8.8.8.8", "192.168.0.1"]])) as fetcher:
        with pytest.raises(FetchError, match="not a public address"):
            await fetcher.get(url, max_bytes=MB)


@pytest.mark.parametrize("url", ["http://2130706433/", "http://0x7f.1/", "http://localhost/", "http://017700000001/"])
async def test_other_spellings_of_loopback_are_seen_through(url: str) -> None:
    async with Fetcher(resolve=resolve_name) as fetcher:
        with pytest.raises(FetchError, match="not a public address"):
            await fetcher.get(url, max_bytes=MB)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://loja.example/",
        "file:///etc/passwd",
        "gopher://x",
        "//loja.example/",
        "http://",
        "x",
        "http://[1",
        "http://fe80::1%25lo/",
    ],
)
async def test_what_is_no_web_address(url: str) -> None:
    async with Fetcher(resolve=Names()) as fetcher:
        with pytest.raises(FetchError):
            await fetcher.get(url, max_bytes=MB)


async def test_every_redirect_is_checked() -> None:
    def answer(asked: Asked) -> Answer:
        if asked.path == "/ok":
            return fixed(302, Location="/final")
        return fixed(body=b"final") if asked.path == "/final" else fixed(301, Location="http://inside.example/secret")

    async with web_peer(answer) as peer:
        names = Names(loja_example=[["127.0.0.1"]], inside_example=[["127.0.0.1"]])
        async with Fetcher(allow_private=[f"loja.example:{peer.port}"], resolve=names) as fetcher:
            base = f"http://loja.example:{peer.port}"
            fetched = await fetcher.get(f"{base}/ok", max_bytes=MB)
            assert (fetched.body, fetched.url) == (b"final", f"{base}/final")
            with pytest.raises(FetchError, match="http://inside.example/secret is at 127.0.0.1"):
                await fetcher.get(f"{base}/away", max_bytes=MB)


async def test_redirects_end() -> None:
    async with web_peer(lambda asked: fixed(307, Location="/again")) as peer:
        async with Fetcher(allow_private=["127.0.0.0/8"], resolve=Names()) as fetcher:
            with pytest.raises(FetchError, match="more than 5 times"):
                await fetcher.get(f"http://127.0.0.1:{peer.port}/", max_bytes=MB)
        assert len(peer.asked) == 6


@pytest.mark.parametrize(
    ("headers", "body", "why"),
    [
        ({"Content-Length": ""}, b"x" * 2000, "longer than"),
        ({}, b"x" * 2000, "longer than"),
        ({"Content-Encoding": "gzip"}, gzip.compress(bytes(200_000), mtime=0), "unpacks to more"),
        ({"Content-Encoding": "gzip"}, gzip.compress(b"abc" * 9, mtime=0)[:-5], "cut off"),
        ({"Content-Encoding": "gzip"}, b"no gzip at all", "damaged"),
        ({"Content-Encoding": "br"}, b"x", "not asked for"),
        ({"Content-Length": "900"}, b"short", "broke the connection"),
    ],
)
async def test_bodies_that_are_not_taken(headers: dict[str, str], body: bytes, why: str) -> None:
    async with (
        web_peer(lambda asked: (200, headers, body)) as peer,
        Fetcher(allow_private=["127.0.0.0/8"], resolve=Names()) as fetcher,
    ):
        with pytest.raises(FetchError, match=why):
            await fetcher.get(f"http://127.0.0.1:{peer.port}/", max_bytes=1000)


async def test_packed_bodies_are_unpacked() -> None:
    packed = gzip.compress(b"estoque" * 100, mtime=0)
    async with web_peer(lambda asked: fixed(body=packed, Content_Encoding="gzip")) as peer:
        async with Fetcher(allow_private=["127.0.0.0/8"], resolve=Names()) as fetcher:
            fetched = await fetcher.get(f"http://127.0.0.1:{peer.port}/", max_bytes=MB)
        assert fetched.body == b"estoque" * 100
        assert peer.asked[0].headers["accept-encoding"] == "gzip"


async def test_statuses_are_answers() -> None:
    async with (
        web_peer(lambda asked: fixed(404)) as peer,
        Fetcher(allow_private=["127.0.0.0/8"], resolve=Names()) as fetcher,
    ):
        assert (await fetcher.get(f"http://127.0.0.1:{peer.port}/", max_bytes=MB)).status == 404


async def test_a_server_that_is_not_there_and_a_name_that_is_not_known() -> None:
    async with Fetcher(allow_private=["127.0.0.0/8"], resolve=Names()) as fetcher:
        with pytest.raises(FetchError, match="could not be connected to"):
            await fetcher.get("http://127.0.0.1:1/", max_bytes=MB)
        with pytest.raises(FetchError, match="cannot be found"):
            await fetcher.get("http://nowhere.example/", max_bytes=MB)


async def test_a_silent_server_is_given_up() -> None:
    async with (
        web_peer(lambda asked: (200, {"Content-Length": "9"}, b"a"), stalled=True) as peer,
        Fetcher(allow_private=["127.0.0.0/8"], resolve=Names(), read_seconds=0.05) as fetcher,
    ):
        with pytest.raises(FetchError, match="did not answer in time"):
            await fetcher.get(f"http://127.0.0.1:{peer.port}/", max_bytes=MB)


async def test_the_whole_fetch_has_a_limit() -> None:
    async with web_peer(lambda asked: fixed()) as peer:
        async with Fetcher(allow_private=["127.0.0.0/8"], resolve=Names(), total_seconds=0) as fetcher:
            with pytest.raises(FetchError, match="took longer than 0 s"):
                await fetcher.get(f"http://127.0.0.1:{peer.port}/", max_bytes=MB)
        assert peer.asked == []


async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    async with (
        web_peer(lambda asked: fixed()) as peer,
        Fetcher(allow_private=["127.0.0.0/8"], resolve=Names()) as fetcher,
    ):
        assert (await fetcher.get(f"http://127.0.0.1:{peer.port}/", max_bytes=MB)).body == b"estoque"


async def test_messages_hide_queries_and_passwords() -> None:
    async with Fetcher(resolve=Names()) as fetcher:
        with pytest.raises(FetchError) as caught:
            await fetcher.get("http://user:hunter2@10.0.0.1/feed?token=s3cret", max_bytes=MB)
    assert "s3cret" not in str(caught.value)
    assert "hunter2" not in str(caught.value)


async def test_credentials_of_the_address_are_sent() -> None:
    async with (
        web_peer(lambda asked: fixed()) as peer,
        Fetcher(allow_private=["127.0.0.0/8"], resolve=Names()) as fetcher,
    ):
        await fetcher.get(f"http://ana:senha@127.0.0.1:{peer.port}/", max_bytes=MB)
        assert peer.asked[0].headers["authorization"] == "Basic YW5hOnNlbmhh"
        assert "@" not in peer.asked[0].headers["host"]


def certificate(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """(server's, client's) contexts of a certificate for `name` alone."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "server.pem"
    pem.write_bytes(
        signed.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    return server, ssl.create_default_context(cadata=signed.public_bytes(serialization.Encoding.PEM).decode())


async def test_tls_is_checked_against_the_name_not_the_address(tmp_path: Path) -> None:
    server, client = certificate(tmp_path, "loja.example")
    names = Names(loja_example=[["127.0.0.1"]], other_example=[["127.0.0.1"]])
    async with (
        web_peer(lambda asked: fixed(), tls=server) as peer,
        Fetcher(allow_private=["127.0.0.0/8"], resolve=names, verify=client) as fetcher,
    ):
        assert (await fetcher.get(f"https://loja.example:{peer.port}/", max_bytes=MB)).body == b"estoque"
        with pytest.raises(FetchError, match="could not be connected to"):
            await fetcher.get(f"https://other.example:{peer.port}/", max_bytes=MB)
