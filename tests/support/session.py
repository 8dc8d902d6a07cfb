"""A session file in memory: transactions here and now, without a loop."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import apsw
from attrs import define, field

from daemon.sealing import Sealer, TenantSealer
from daemon.tenants.web_rows import SealedRows
from daemon.tenants.web_seal import FileSeal
from daemon.whatsapp.web.curve import KeyPair
from shards.migrate import migrate
from shards.shard import Tx
from tests.support.shards import HandClock

P = ParamSpec("P")
T = TypeVar("T")
SEALER = Sealer(b"1" * 32)
OTHER_SEALER = Sealer(b"2" * 32)


def pair(number: int) -> KeyPair:
    """A pair of its own for each number."""
    return KeyPair.generate(bytes([number + 1]) * 32)


@define
class SessionFile:
    """Call it with a query of `shards.session`, or with `rows` and a function of `Rows`."""

    connection: apsw.Connection
    clock: HandClock = field(factory=HandClock)
    sealer: TenantSealer = field(factory=lambda: SEALER.of_tenant("auto-sul"))

    def __call__(self, query: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        with self._transaction() as tx:
            return query(tx, *args, **kwargs)

    @contextmanager
    def _transaction(self) -> Iterator[Tx]:
        with self.connection:
            yield Tx(self.connection, self.clock())

    def rows(self, work: Callable[[SealedRows], T]) -> T:
        """As the channel's write."""
        return self(lambda tx: work(SealedRows(tx, FileSeal(tx, self.sealer, claimed=False))))

    def value(self, sql: str) -> Any:
        """The first column of the first row."""
        return self(lambda tx: tx.value(sql))

    def column(self, sql: str) -> list[Any]:
        """The first column."""
        return self(lambda tx: [row[0] for row in tx.rows(sql)])


@contextmanager
def session_file() -> Iterator[SessionFile]:
    """An empty one."""
    with closing(apsw.Connection(":memory:")) as connection:
        migrate(connection, Path(":memory:"), "session")
        yield SessionFile(connection)
