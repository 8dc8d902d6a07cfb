import itertools
import random
from typing import Any

import pytest

from daemon.channels.web import prekeys
from daemon.channels.web.connection import NoAnswer, Randomness
from daemon.channels.web.keys import Device
from daemon.channels.web.link import new_device
from daemon.channels.web.prekeys import Prekeys
from daemon.whatsapp.web.jid import SERVER
from daemon.whatsapp.web.node import Node
from tests.support.model_rows import ModelRows


class Server:
    """Answers queries about prekeys; what it was given is kept."""

    def __init__(self, count: int, *, silent: int = 0) -> None:
        self.count = count
        self.silent = silent  # uploads that are taken and never answered
        self.uploads: list[list[int]] = []

    async def ask(self, node: Node, *, seconds: float) -> Node:
        done = {"from": SERVER, "type": "result", "id": "1"}
        if node.get("type") == "get":
            return Node("iq", done, (Node("count", {"value": str(self.count)}),))
        listed = node.child("list")
        assert listed is not None
        ids = [int.from_bytes(id_.data) for key in listed.children() if (id_ := key.child("id")) is not None]
        self.uploads.append(ids)
        if self.silent:
            self.silent -= 1
            raise NoAnswer("the connection ended before the answer")
        self.count += len(ids)
        return Node("iq", done)


class Keys:
    """One session file in memory."""

    def __init__(self) -> None:
        self.rows = ModelRows()

    async def write(self, work: Any, *, brief: bool = True) -> Any:
        return work(self.rows)

    async def read(self, work: Any) -> Any:
        return work(self.rows)


@pytest.fixture
def random_bytes(rng: random.Random) -> Any:
    return rng.randbytes


def made(server: Server, keys: Keys, random_bytes: Any) -> Prekeys:
    device: Device = new_device(random_bytes)
    return Prekeys(server, keys, device, Randomness(random_bytes, random.Random(1)))  # type: ignore[arg-type]


async def test_a_new_device_gives_many(random_bytes: Any) -> None:
    server, keys = Server(0), Keys()
    await made(server, keys, random_bytes).keep()
    [ids] = server.uploads
    assert ids == list(range(1, prekeys.FIRST + 1))
    assert keys.rows.prekeys_left() == prekeys.FIRST
    assert not keys.rows.unsent_prekeys(1)


async def test_nothing_is_given_while_there_are_enough(random_bytes: Any) -> None:
    server = Server(5)
    await made(server, Keys(), random_bytes).keep()
    assert not server.uploads


async def test_few_are_filled_up_with_new_ones(random_bytes: Any) -> None:
    server, keys = Server(0), Keys()
    kept = made(server, keys, random_bytes)
    await kept.keep()
    await kept.keep(4)
    first, more = server.uploads
    assert more == list(range(first[-1] + 1, first[-1] + 1 + prekeys.MORE))


async def test_an_upload_that_was_cut_off_goes_again_as_it_was(random_bytes: Any) -> None:
    server, keys = Server(0, silent=1), Keys()
    kept = made(server, keys, random_bytes)
    with pytest.raises(NoAnswer):
        await kept.keep()
    await kept.keep()
    assert server.uploads[0] == server.uploads[1]
    assert len(set(itertools.chain(*server.uploads))) == prekeys.FIRST
