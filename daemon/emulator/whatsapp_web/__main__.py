"""The server in a process of its own.

    python -m daemon.emulator.whatsapp_web [--port N] [--media-port N] [--directory D]

Its first line on stdout is a JSON object: `url`, `root_public_key` (hex), `media` (the host's name), `ca_file`. Then
each line on stdin is a command of `admin` and has one line for an answer: `{"answer": id, …}` with what the command
gave, or `{"answer": id, "error": …}`. It ends with its stdin.
"""

import argparse
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import orjson
import trio

from daemon.emulator.whatsapp_web.admin import Admin, Refused
from daemon.emulator.whatsapp_web.rig import running


async def _main(port: int, media_port: int, directory: Path) -> None:
    async with running(directory, port=port, media_port=media_port) as rig:
        admin = Admin(rig)
        _say(
            {
                "url": rig.url,
                "root_public_key": rig.root_public_key.hex(),
                "media": rig.media.store.host,
                "ca_file": str(rig.media.ca_file),
            }
        )
        unread = b""
        async for chunk in trio.lowlevel.FdStream(0):
            *lines, unread = (unread + chunk).split(b"\n")
            for line in filter(None, lines):
                _say(_answer(admin, line))


def _answer(admin: Admin, line: bytes) -> dict[str, object]:
    try:
        command = orjson.loads(line)
    except orjson.JSONDecodeError:
        return {"answer": None, "error": "a command is one line of JSON"}
    if not isinstance(command, dict):
        return {"answer": None, "error": "a command is a JSON object"}
    try:
        return {"answer": command.get("id"), **admin.obey(command)}
    except Refused as refused:
        return {"answer": command.get("id"), "error": str(refused)}


def _say(line: dict[str, object]) -> None:
    sys.stdout.buffer.write(orjson.dumps(line) + b"\n")
    sys.stdout.buffer.flush()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m daemon.emulator.whatsapp_web", description="A WhatsApp Web server."
    )
    parser.add_argument("--port", type=int, default=0, help="of the WebSocket; any free one without it")
    parser.add_argument("--media-port", type=int, default=0, help="of the media host; any free one without it")
    parser.add_argument("--directory", type=Path, help="for the media host's certificate; a temporary one without it")
    return parser.parse_args()


if __name__ == "__main__":
    arguments = _arguments()
    with suppress(KeyboardInterrupt), tempfile.TemporaryDirectory() as temporary:
        trio.run(_main, arguments.port, arguments.media_port, arguments.directory or Path(temporary))
