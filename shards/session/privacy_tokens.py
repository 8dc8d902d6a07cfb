"""Proofs that a contact knows us, by the contact's LID. Tokens come and go sealed."""

from attrs import field, frozen

from shards.shard import Tx


@frozen(kw_only=True)
class TokenRow:
    """Times in seconds; `issued_at`: when we last gave ours."""

    token: bytes = field(repr=False)
    received_at: int
    issued_at: int


def load(tx: Tx, lid_user: str) -> TokenRow | None:
    """What is known of the contact."""
    row = tx.row("SELECT token, received_at, issued_at FROM privacy_tokens WHERE lid_user = ?", (lid_user,))
    return None if row is None else TokenRow(token=row[0], received_at=row[1], issued_at=row[2])


def save(tx: Tx, lid_user: str, row: TokenRow) -> None:
    """Replace it."""
    tx.run(
        "INSERT OR REPLACE INTO privacy_tokens VALUES (?, ?, ?, ?)",
        (lid_user, row.token, row.received_at, row.issued_at),
    )
