"""From a webhook's bytes to every cell it concerns: answered only when each of them has its part on disk.

A cell answers what it does not own, so the table of numbers saves work and decides nothing: a number that moved is
found by asking again, and one that no cell owns is known to be unknown only after every cell was asked.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

import trio
from attrs import define, field

from daemon.entry.cells import Cell, CellAway
from daemon.entry.numbers import Table, addressees
from daemon.logs import get_logger
from daemon.whatsapp.cloud import signature_of, split
from shards.errors import ShardUnavailable

PAUSE_SECONDS: Final = 0.5
"""Between two rounds of questions, however many deliveries ask for one."""
AWAY_SECONDS: Final = 1.0
"""Between two rounds while a cell does not answer."""
MOST_NAMED: Final = 5

_log = get_logger("entry")


@define(eq=False)
class _Round:
    """One question to every cell."""

    over: trio.Event = field(factory=trio.Event)
    silent: str = ""


class Relay:
    """Hands deliveries to the cells that own their numbers. `run` in a nursery."""

    def __init__(self, cells: Sequence[Cell], app_secret: str, *, refresh_seconds: float) -> None:
        self.cells = {cell.path: cell for cell in cells}
        self.ignored: Counter[str] = Counter()
        self._app_secret = app_secret
        self._refresh_seconds = refresh_seconds
        self._table = Table()
        self._wanted = trio.Event()
        self._next = _Round()

    # What is asked of the cells again and again

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Keep the table of numbers, until cancelled. Started when every cell was asked once."""
        try:
            while True:
                self._wanted = trio.Event()
                round_, self._next = self._next, _Round()
                await self._ask(round_)
                round_.over.set()
                task_status.started()
                task_status = trio.TASK_STATUS_IGNORED
                await trio.sleep(PAUSE_SECONDS)
                idle_seconds = AWAY_SECONDS if round_.silent else self._refresh_seconds
                with trio.move_on_after(max(0.0, idle_seconds - PAUSE_SECONDS)):
                    await self._wanted.wait()
        finally:
            for cell in self.cells.values():
                await cell.aclose()

    async def _ask(self, round_: _Round) -> None:
        async def one(cell: Cell) -> None:
            before = cell.silent
            try:
                await cell.ask_numbers()
            except CellAway as error:
                round_.silent = str(error)
                if not before:
                    _log.error("cell_away", cell=cell.path, reason=str(error))
            else:
                if before:
                    _log.info("cell_back", cell=cell.path)

        async with trio.open_nursery() as nursery:
            for cell in self.cells.values():
                nursery.start_soon(one, cell)
        before = self._table.shared
        self._table = Table.of({cell.path: cell.numbers or () for cell in self.cells.values()})
        for number, cells in self._table.shared.items():
            if before.get(number) != cells:
                _log.error("number_in_two_cells", phone_number_id=number, cells=cells, handed_to=cells[0])

    async def _refreshed(self) -> None:
        """Wait for a round that begins from now on. Raises `ShardUnavailable` when a cell was silent in it."""
        round_ = self._next
        self._wanted.set()
        await round_.over.wait()
        if round_.silent:
            raise ShardUnavailable(f"nobody knows whose number it is: {round_.silent}")

    # What comes in

    async def receive(self, body: bytes) -> None:
        """Hand one signed delivery over. When it returns, everything in it is on disk in the cells that own it.

        Raises `MalformedDelivery` for a body that is no webhook, `ShardUnavailable` when a cell that has to have it
        did not answer: then it has to come again, and the cells that have it already know the repeat.
        """
        delivery = split(body)
        for ignored in delivery.ignored:
            self._ignore(ignored.reason, detail=ignored.detail)
        wanted = addressees(delivery.parts)
        left = {*wanted.numbers, *wanted.accounts}
        owners = self._table.cells_of(wanted.numbers)
        # an account may have numbers in several cells, and is heard of rarely: all are told
        left = await self._hand_over(body, self.cells if wanted.accounts else owners, left)
        if not left:
            return
        await self._refreshed()
        known = left & self._table.owners.keys()
        left = await self._hand_over(body, self._table.cells_of(known), left)
        if left & known:
            raise ShardUnavailable("a cell does not take a number that it calls its own", "look at the cells' logs")
        for address in left:
            self._ignore("unknown_number", address=address)

    async def _hand_over(self, body: bytes, cells: Iterable[str], left: set[str]) -> set[str]:
        """Give it to those cells, side by side; what none of them owns. Raises `ShardUnavailable`."""
        signature = signature_of(self._app_secret, body)
        failed: list[CellAway] = []

        async def one(cell: Cell) -> None:
            nonlocal left
            try:
                not_owned = await cell.deliver(body, signature)
            except CellAway as error:
                failed.append(error)
            else:
                left = left & not_owned

        chosen = [self.cells[path] for path in cells]
        if len(chosen) == 1:
            await one(chosen[0])
        elif chosen:
            async with trio.open_nursery() as nursery:
                for cell in chosen:
                    nursery.start_soon(one, cell)
        if failed:
            raise ShardUnavailable(str(failed[0]))
        return left

    def _ignore(self, reason: str, **detail: str) -> None:
        self.ignored[reason] += 1
        log = _log.warning if reason == "unknown_number" else _log.info
        log("item_ignored", reason=reason, **detail)

    # How we are

    def ready(self) -> list[str]:
        """Why we are not ready: cells that never said their numbers; nothing when we are."""
        return [cell.silent or f"the cell at {cell.path} was not asked yet" for cell in self._unknown()]

    def _unknown(self) -> list[Cell]:
        return [cell for cell in self.cells.values() if cell.numbers is None]

    def degraded(self) -> list[str]:
        """What is wrong though we run on, as sentences."""
        found = [sentence for cell in self.cells.values() for sentence in cell.troubles()]
        for number, cells in list(self._table.shared.items())[:MOST_NAMED]:
            found.append(
                f"the number {number} is in {' and '.join(cells)}, and {cells[0]} gets its messages:"
                " take it out of the other"
            )
        if self.shared > MOST_NAMED:
            found.append(f"{self.shared - MOST_NAMED} more numbers are in several cells")
        return found

    @property
    def shared(self) -> int:
        """Numbers that several cells call their own."""
        return len(self._table.shared)

    def status(self) -> str:
        """One line for the service manager."""
        up = sum(not cell.silent for cell in self.cells.values())
        return "; ".join([f"{up} of {len(self.cells)} cells answer", *self.degraded()])
