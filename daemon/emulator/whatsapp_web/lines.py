"""Open connections of linked devices: what each is sent, in which order, and what goes wrong on the way."""

from collections import deque
from typing import Final, Protocol

from attrs import define, evolve, field

from daemon.emulator.whatsapp_web.accounts import Device
from daemon.emulator.whatsapp_web.faults import (
    CHANGES,
    DELIVERED,
    GIANT_FRAME,
    STREAM_ERRORS,
    Blow,
    Faults,
    bomb,
    changed,
)
from daemon.emulator.whatsapp_web.queries import Delivery
from daemon.whatsapp.web.jid import SERVER
from daemon.whatsapp.web.node import Node, pack

PRIMER: Final = 5  # stanzas of a backlog that come unasked where it is gated


class Line(Protocol):
    """An open connection. Nothing here waits; what is sent after its end is dropped."""

    def send(self, content: bytes) -> None:
        """Encrypt one frame's content and queue it."""
        ...

    def send_raw(self, data: bytes) -> None:
        """Queue bytes as they are."""
        ...

    def close(self) -> None:
        """End the connection once what was queued is out."""
        ...

    def cut(self) -> None:
        """The same, and what is said from now on is lost on either side."""
        ...

    silent: bool
    """Set: what is said on either side gets lost, as on a connection that hangs."""


@define(eq=False)
class _Session:
    line: Line
    missed: int  # stanzas that waited at login
    backlog: deque[Node]  # those of them that were not sent yet, then what arrived since
    live: bool = False  # the backlog's end was marked
    swapped: Node | None = None  # held back until the next one is out
    seq: int = 0


@define(eq=False)
class Lines:
    """Who is connected. gated: a backlog comes in the batches the device asks for."""

    gated: bool = False
    sent: deque[tuple[Device, Node]] | None = None  # all stanzas sent, where a log is wanted
    _sessions: dict[Device, _Session] = field(factory=dict)
    _faults: dict[Device, Faults] = field(factory=dict)

    def faults(self, device: Device) -> Faults:
        """What the device is to suffer."""
        return self._faults.setdefault(device, Faults())

    def open(self, device: Device, line: Line, now: int) -> None:
        """The device has logged in: a former line of it is closed, and it gets what it missed."""
        if former := self._sessions.get(device):
            former.line.send(pack(STREAM_ERRORS["replaced"]))
            former.line.close()
        backlog = device.backlog()
        session = self._sessions[device] = _Session(line, len(backlog), deque(backlog))
        self._write(device, Node("success", {"t": str(now), "lid": device.lid, "location": "local"}))
        if backlog:
            self._write(device, Node("ib", {"from": SERVER}, (_preview(backlog),)))
        self.release(device, PRIMER if self.gated else session.missed)

    def close(self, device: Device, line: Line) -> None:
        """A line of the device has ended."""
        session = self._sessions.get(device)
        if session is not None and session.line is line:
            del self._sessions[device]

    def live(self, device: Device) -> bool:
        """Whether the device is connected and was sent all it had missed."""
        session = self._sessions.get(device)
        return session is not None and session.live

    def connected(self) -> int:
        """How many are."""
        return len(self._sessions)

    def release(self, device: Device, count: int) -> None:
        """Send so many stanzas of the backlog; behind the last one comes its end's mark."""
        session = self._sessions.get(device)
        if session is None or session.live:
            return
        for _ in range(min(count, len(session.backlog))):
            node = session.backlog.popleft()
            self._deliver(device, evolve(node, attrs={**node.attrs, "offline": str(session.seq)}))
            session.seq += 1
        if not session.backlog:
            session.live = True
            mark = Node("offline", {"count": str(session.missed)})
            self._write(device, Node("ib", {"from": SERVER}, (mark,)))

    def deliver(self, delivery: Delivery) -> None:
        """Send a stanza to a device that is no phone, now or at its next login."""
        device, node = delivery.device, delivery.node
        if delivery.kept:
            fault = self.faults(device).take(CHANGES) if node.tag == "message" else None
            if fault is not None:
                node = changed(node, fault.kind)
            device.keep(node)
        session = self._sessions.get(device)
        if session is None:
            return
        if delivery.kept and not session.live:
            session.backlog.append(node)
        elif delivery.kept:
            self._deliver(device, node)
        else:
            self._write(device, node)
        if delivery.closing:
            session.line.close()

    def blow(self, device: Device, kind: Blow) -> None:
        """Do this to the device's connection, if it has one."""
        session = self._sessions.get(device)
        if session is None:
            return
        match kind:
            case "cut":
                session.line.cut()
            case "silence":
                session.line.silent = True
            case "giant_frame":
                session.line.send_raw(GIANT_FRAME)
            case "garbage":
                session.line.send_raw(b"\x00\x00\x20" + bytes(32))
            case "bomb":
                session.line.send(bomb())
            case _:
                self._write(device, STREAM_ERRORS[kind])
                session.line.close()

    def _deliver(self, device: Device, node: Node) -> None:
        """A stanza that the device must clear, with what is to go wrong with it."""
        session = self._sessions[device]
        fault = self.faults(device).take(DELIVERED) if node.tag == "message" else None
        kind = fault.kind if fault else ""
        if kind == "cut_before_delivery":
            session.line.cut()
            return
        if kind == "swap":
            session.swapped = node
            return
        self._write(device, node)
        if kind == "duplicate":
            self._write(device, node)
        if session.swapped is not None:
            swapped, session.swapped = session.swapped, None
            self._write(device, swapped)
        if kind == "cut_after_delivery":
            session.line.cut()

    def _write(self, device: Device, node: Node) -> None:
        if self.sent is not None:
            self.sent.append((device, node))
        self._sessions[device].line.send(pack(node))


def _preview(backlog: list[Node]) -> Node:
    """How much of what waits."""
    counts = {tag: sum(node.tag == tag for node in backlog) for tag in ("message", "receipt", "notification", "call")}
    attrs = {"count": str(len(backlog)), "appdata": "0"} | {tag: str(count) for tag, count in counts.items()}
    return Node("offline_preview", attrs)
