"""The Cloud API channel against the emulated Graph API; what every channel must do is in tests/contracts."""

import logging
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import trio
import trio.testing

from daemon.channels.base import Outgoing
from daemon.channels.cloud import CloudApp, CloudChannel
from daemon.emulator.graph import Fault
from daemon.errors import ChannelError, ChannelPaused, SealBroken, SendDelayed, SendRefused, SendUnsettled
from tests.support.graph_peer import PHONE_NUMBER_ID, TOKEN, VERSION, cloud_channel, graph_peer

USER = "BR.10000000000000000101"
ANA, BIA = "5511955500101", "5511955500102"


def message(id_: str = "m1", *, phone: str = ANA, user_id: str = "", kind: str = "text", **members: Any) -> Outgoing:
    given = {"text": "Olá!", **members}
    return Outgoing(id=id_, phone=phone, user_id=user_id, kind=kind, **given)


def channel_over(transport: httpx.AsyncBaseTransport, **options: Any) -> CloudChannel:
    given = {"token": lambda: TOKEN, "rng": random.Random(7), **options}
    return CloudChannel(
        httpx.AsyncClient(transport=transport),
        graph_url="https://graph.example.com",
        version=VERSION,
        phone_number_id=PHONE_NUMBER_ID,
        **given,
    )


def answering(*answers: httpx.Response | httpx.HTTPError) -> httpx.MockTransport:
    """Gives these answers in order, the last one for ever."""
    left = list(answers)

    def answer(request: httpx.Request) -> httpx.Response:
        given = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(given, httpx.HTTPError):
            raise given
        return given

    return httpx.MockTransport(answer)


def graph_error(code: int, status: int = 400, **members: Any) -> httpx.Response:
    return httpx.Response(status, json={"error": {"code": code, "message": "said by Meta", **members}})


async def failure(channel: CloudChannel, outgoing: Outgoing | None = None) -> ChannelError:
    with pytest.raises(ChannelError) as caught:
        await channel.send(outgoing or message())
    return caught.value


async def test_the_request_as_meta_gets_it() -> None:
    async with graph_peer(wa_ids={ANA: "551155500101"}) as (peer, url), cloud_channel(url) as channel:
        receipt = await channel.send(message(reply_to="wamid.q"))
        (call,) = peer.calls
        assert call.phone_number_id == PHONE_NUMBER_ID
        assert call.body == {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            "type": "text",
            "to": f"+{ANA}",
            "biz_opaque_callback_data": "m1",
            "context": {"message_id": "wamid.q"},
            "text": {"body": "Olá!"},
        }
        # The number Meta really wrote to is not the one we gave.
        assert (receipt.network_id, receipt.phone, receipt.user_id) == (call.wamid, "551155500101", "")


async def test_who_has_no_phone_is_written_by_user_id() -> None:
    async with graph_peer() as (peer, url), cloud_channel(url) as channel:
        receipt = await channel.send(message(phone="", user_id=USER))
        assert (receipt.phone, receipt.user_id) == ("", USER)
        assert peer.sent[0].body["recipient"] == USER
        assert "to" not in peer.sent[0].body


async def test_pictures_documents_and_voice(tmp_path: Path) -> None:
    note = tmp_path / "nota.ogg"
    note.write_bytes(b"OggS" + bytes(100))
    async with graph_peer() as (peer, url), cloud_channel(url) as channel:
        link = {"link": "https://fotos.example.com/1.jpg"}
        await channel.send(message("m1", kind="image", text="HB20 2019", content=link))
        await channel.send(message("m2", kind="document", text="", content={**link, "filename": "ficha.pdf"}))
        voice = {"path": str(note), "mime_type": "audio/ogg"}
        await channel.send(message("m3", kind="voice", text="", content=voice))
        image, document, audio = (call.body for call in peer.sent)
        assert image["image"] == {**link, "caption": "HB20 2019"}
        assert document["document"] == {**link, "filename": "ficha.pdf"}
        assert audio["audio"]["voice"] is True
        assert [call.kind for call in peer.calls] == ["message", "message", "upload", "message"]


async def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    async with graph_peer() as (peer, url), cloud_channel(url) as channel:
        gone = message(kind="voice", text="", content={"path": str(tmp_path / "gone.ogg"), "mime_type": "audio/ogg"})
        assert isinstance(await failure(channel, gone), SendRefused)
        (tmp_path / "big.jpg").write_bytes(bytes((5 << 20) + 1))
        big = message(kind="image", content={"path": str(tmp_path / "big.jpg"), "mime_type": "image/jpeg"})
        assert "5 MB" in str(await failure(channel, big))
        assert peer.calls == []


async def test_a_failed_upload_was_surely_not_sent(tmp_path: Path) -> None:
    (tmp_path / "f.pdf").write_bytes(b"%PDF-")
    note = message(kind="document", text="", content={"path": str(tmp_path / "f.pdf"), "mime_type": "application/pdf"})
    async with graph_peer() as (peer, url), cloud_channel(url) as channel:
        for fault in (
            Fault(kind="cut", on="upload"),
            Fault(kind="status", http_status=503, on="upload"),
            Fault(kind="error", code=131016, on="upload"),
        ):
            peer.plan(fault)
            assert isinstance(await failure(channel, note), SendDelayed)
        assert peer.sent == []
        await channel.send(note)


async def test_a_voice_note_is_given_up_at_the_second_lost_upload(tmp_path: Path) -> None:
    (tmp_path / "n.ogg").write_bytes(b"OggS")
    note = message(kind="voice", text="", content={"path": str(tmp_path / "n.ogg"), "mime_type": "audio/ogg"})
    async with graph_peer() as (peer, url), cloud_channel(url) as channel:
        peer.plan(Fault(kind="cut", on="upload"), Fault(kind="status", http_status=503, on="upload"))
        assert isinstance(await failure(channel, note), SendDelayed)
        assert isinstance(await failure(channel, note), SendRefused)
        assert peer.sent == []


@pytest.mark.parametrize(
    "bad", [{"text": ""}, {"text": "a" * 4097}, {"phone": ""}, {"kind": "dance"}, {"kind": "image"}]
)
async def test_what_cannot_be_written_is_refused_without_a_request(bad: dict[str, Any]) -> None:
    async with graph_peer() as (peer, url), cloud_channel(url) as channel:
        assert isinstance(await failure(channel, message(**bad)), SendRefused)
        assert peer.calls == []


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (httpx.ConnectError("refused"), SendDelayed),
        (httpx.ConnectTimeout("slow"), SendDelayed),
        (httpx.PoolTimeout("busy"), SendDelayed),
        (httpx.ReadTimeout("slow"), SendUnsettled),
        (httpx.WriteError("broken"), SendUnsettled),
        (httpx.ReadError("broken"), SendUnsettled),
        (httpx.RemoteProtocolError("gone"), SendUnsettled),
        (httpx.Response(200, content=b"<html>"), SendUnsettled),
        (httpx.Response(200, json={"messages": []}), SendUnsettled),
        (httpx.Response(502, content=b"bad gateway"), SendUnsettled),
        (httpx.Response(503, json={"error": "x"}), SendUnsettled),
        (httpx.Response(408), SendUnsettled),
        (httpx.Response(429), SendDelayed),
        (httpx.Response(404, content=b"nginx"), SendDelayed),
        (httpx.Response(302, headers={"location": "https://elsewhere.example.com"}), SendDelayed),
        (httpx.Response(401), ChannelPaused),
        (graph_error(190, 401), ChannelPaused),
        (graph_error(0, 400), ChannelPaused),
        (graph_error(131042), ChannelPaused),
        (graph_error(131047), SendRefused),
        (graph_error(131047, 200), SendRefused),
        (graph_error(100, 500), SendRefused),
        (graph_error(131016, 500), SendDelayed),
        (graph_error(999999, 400), SendRefused),
        (graph_error(999999, 500), SendDelayed),
        (graph_error(999999, 400, is_transient=True), SendDelayed),
    ],
)
async def test_outcomes(answer: httpx.Response | httpx.HTTPError, kind: type[ChannelError]) -> None:
    error = await failure(channel_over(answering(answer)))
    assert type(error) is kind
    assert "\n" not in str(error)


async def test_the_pair_limit_grows_for_that_customer_alone() -> None:
    async with graph_peer() as (peer, url), cloud_channel(url) as channel:
        peer.plan(Fault(kind="error", code=131056, to=ANA, times=3))
        waits = []
        for n in range(3):
            error = await failure(channel, message(f"m{n}"))
            assert isinstance(error, SendDelayed)
            assert error.scope == "contact"
            waits.append(error.seconds)
            await channel.send(message(f"b{n}", phone=BIA))  # others go on
        assert waits == [1, 4, 16]
        await channel.send(message("m3"))
        peer.plan(Fault(kind="error", code=131056, to=ANA))
        error = await failure(channel, message("m4"))
        assert isinstance(error, SendDelayed)
        assert error.seconds == 1  # a success starts the count anew


async def test_the_numbers_throughput_slows_the_whole_channel() -> None:
    channel = channel_over(answering(graph_error(130429)))
    error = await failure(channel)
    assert isinstance(error, SendDelayed)
    assert (error.scope, error.code) == ("channel", 130429)
    # Nothing is asked of Meta until the time is over.
    again = await failure(channel, message("m2", phone=BIA))
    assert isinstance(again, SendDelayed)
    assert again.code is None
    assert 0 < again.seconds <= error.seconds


async def test_the_apps_call_limit_slows_all_its_tenants() -> None:
    app = CloudApp()
    first = channel_over(answering(graph_error(4)), app=app)
    other = channel_over(answering(graph_error(131047)), app=app)
    stranger = channel_over(answering(graph_error(131047)))
    error = await failure(first)
    assert isinstance(error, SendDelayed)
    assert error.scope == "app"
    assert isinstance(await failure(other), SendDelayed)
    assert isinstance(await failure(stranger), SendRefused)


@pytest.mark.parametrize(("code", "attempts"), [(1, 3), (135000, 2), (131000, 4)])
async def test_some_errors_are_tried_again_a_few_times(code: int, attempts: int) -> None:
    channel = channel_over(answering(graph_error(code)))
    kinds = [type(await failure(channel)) for _ in range(attempts)]
    assert kinds == [SendDelayed] * (attempts - 1) + [SendRefused]


async def test_a_network_that_failed_uses_up_no_attempts_of_other_errors() -> None:
    channel = channel_over(answering(*[httpx.ConnectError("x")] * 5, graph_error(1)))
    kinds = [type(await failure(channel)) for _ in range(8)]
    assert kinds == [SendDelayed] * 7 + [SendRefused]


async def test_an_address_that_is_not_metas_is_given_up() -> None:
    channel = channel_over(answering(httpx.Response(404, content=b"nginx")))
    kinds = [type(await failure(channel)) for _ in range(5)]
    assert kinds == [SendDelayed] * 4 + [SendRefused]


async def test_the_token_is_seen_by_nobody(logs: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with graph_peer(tokens=[TOKEN]) as (peer, url), cloud_channel(url) as channel:
        await channel.send(message())
        peer.plan(Fault(kind="error", code=190), Fault(kind="cut"))
        error: BaseException | None = await failure(channel)
        seen = [repr(channel), caplog.text, repr(logs.events), repr(peer.calls)]
        while error is not None:
            seen += [str(error), repr(error)]
            assert not hasattr(error, "request")
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    assert TOKEN not in "".join(seen)


@pytest.mark.parametrize("token", ["", "a\nb", "ação"])
async def test_an_unusable_token_pauses(token: str) -> None:
    assert isinstance(await failure(channel_over(answering(graph_error(1)), token=lambda: token)), ChannelPaused)


async def test_a_sealed_token_that_cannot_be_opened_pauses() -> None:
    def token() -> str:
        raise SealBroken("the seal is of another key", "give the master key of then")

    error = await failure(channel_over(answering(graph_error(1)), token=token))
    assert isinstance(error, ChannelPaused)
    assert error.remedy == "give the master key of then"


async def running(channel: CloudChannel, nursery: trio.Nursery) -> list[tuple[str, str]]:
    reports: list[tuple[str, str]] = []
    await nursery.start(channel.run, lambda state, reason: reports.append((state, reason)))
    return reports


async def until(reports: list[tuple[str, str]], count: int) -> None:
    while len(reports) < count:
        await trio.lowlevel.checkpoint()


@pytest.fixture
async def nursery_that_ends() -> AsyncIterator[trio.Nursery]:
    async with trio.open_nursery() as nursery:
        yield nursery
        nursery.cancel_scope.cancel()


UP = httpx.Response(200, json={"id": PHONE_NUMBER_ID})
SENT = httpx.Response(200, json={"messages": [{"id": "wamid.1"}]})


async def test_a_network_failure_does_not_stop_sending(
    mock_clock: trio.testing.MockClock, nursery_that_ends: trio.Nursery
) -> None:
    transport = answering(httpx.ConnectError("x"), httpx.ConnectError("x"), SENT)
    channel = channel_over(transport)
    reports = await running(channel, nursery_that_ends)
    assert [state for state, _ in reports] == ["down"]
    assert "ConnectError" in reports[0][1]
    mock_clock.jump(3)
    await until(reports, 2)
    assert reports[1][0] == "down"
    await channel.send(message())
    assert reports[2] == ("up", "")


async def test_a_dead_token_pauses_until_a_check_passes(
    mock_clock: trio.testing.MockClock, nursery_that_ends: trio.Nursery
) -> None:
    channel = channel_over(answering(UP, graph_error(190, 401), graph_error(190, 401), UP, SENT))
    reports = await running(channel, nursery_that_ends)
    assert isinstance(await failure(channel), ChannelPaused)
    assert isinstance(await failure(channel), ChannelPaused)  # without a request
    assert [state for state, _ in reports] == ["up", "paused"]
    assert "channel.access_token" in reports[1][1]
    await trio.testing.wait_all_tasks_blocked()
    mock_clock.jump(301)
    await until(reports, 3)
    assert reports[2][0] == "paused"
    await trio.testing.wait_all_tasks_blocked()
    mock_clock.jump(601)
    await until(reports, 4)
    assert reports[3] == ("up", "")
    assert (await channel.send(message())).network_id == "wamid.1"


@pytest.mark.parametrize(
    "answer", [graph_error(190, 401), httpx.Response(401), graph_error(100, error_subcode=33), graph_error(33)]
)
async def test_a_check_that_is_refused_pauses(answer: httpx.Response, nursery_that_ends: trio.Nursery) -> None:
    channel = channel_over(answering(answer))
    ((state, reason),) = await running(channel, nursery_that_ends)
    assert state == "paused"
    assert ": " in reason


@pytest.mark.parametrize("answer", [httpx.Response(500), graph_error(2, 503), graph_error(100), httpx.Response(404)])
async def test_a_check_without_a_verdict_is_only_down(answer: httpx.Response, nursery_that_ends: trio.Nursery) -> None:
    ((state, _),) = await running(channel_over(answering(answer)), nursery_that_ends)
    assert state == "down"


async def test_read_marks(logs: Any) -> None:
    async with graph_peer() as (peer, url), cloud_channel(url) as channel:
        await channel.mark_read("wamid.x", typing=True)
        (call,) = peer.calls
        assert (call.kind, call.body["message_id"], call.body["typing_indicator"]) == (
            "read",
            "wamid.x",
            {"type": "text"},
        )
        for fault in (Fault(kind="error", code=100, on="read"), Fault(kind="status", on="read")):
            peer.plan(fault)
            await channel.mark_read("wamid.x", typing=False)
        assert len(logs.named("mark_read_failed")) == 2
    channel = channel_over(answering(httpx.ReadTimeout("x")))
    await channel.mark_read("wamid.x", typing=False)


async def test_many_sends_share_few_connections() -> None:
    async with graph_peer() as (peer, url), cloud_channel(url) as channel, trio.open_nursery() as nursery:
        for n in range(100):
            nursery.start_soon(channel.send, message(f"m{n}", phone=f"55119555{n:05}"))
    assert len({call.our_id for call in peer.sent}) == 100
