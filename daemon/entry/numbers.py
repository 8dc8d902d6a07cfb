"""Which cell has which number, as the cells say. No I/O."""

from collections.abc import Iterable, Mapping

from attrs import field, frozen

from daemon.whatsapp.cloud import Part


@frozen
class Addressees:
    """Whom the parts of a delivery are for: numbers, and accounts where a part is about a whole one."""

    numbers: frozenset[str]
    accounts: frozenset[str]


def addressees(parts: Iterable[Part]) -> Addressees:
    """Those of a delivery."""
    numbers, accounts = set(), set()
    for part in parts:
        if part.phone_number_id:
            numbers.add(part.phone_number_id)
        else:
            accounts.add(part.waba_id)
    return Addressees(frozenset(numbers), frozenset(accounts))


@frozen
class Table:
    """The owner of each number. `shared` are those that several cells name, with all of them."""

    owners: Mapping[str, str] = field(factory=dict)
    shared: Mapping[str, tuple[str, ...]] = field(factory=dict)

    @classmethod
    def of(cls, said: Mapping[str, Iterable[str]]) -> "Table":
        """From the numbers that each cell named. The first cell that names a number has it."""
        claims: dict[str, list[str]] = {}
        for cell, numbers in said.items():
            for number in numbers:
                claims.setdefault(number, []).append(cell)
        return cls(
            owners={number: cells[0] for number, cells in claims.items()},
            shared={number: tuple(cells) for number, cells in claims.items() if len(cells) > 1},
        )

    def cells_of(self, numbers: Iterable[str]) -> set[str]:
        """The owners of those numbers; numbers without one have none here."""
        return {self.owners[number] for number in numbers if number in self.owners}
