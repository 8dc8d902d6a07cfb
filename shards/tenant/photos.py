"""Pictures of vehicles as they are sent: prepared files by their address, and the ids under which Meta has them."""

from attrs import frozen

from shards.shard import Tx


@frozen(kw_only=True)
class Prepared:
    """What became of a picture's address; `fetched_at` in ms. Without a hash it cannot be sent: `error` says why."""

    hash: str
    mime_type: str
    bytes: int
    error: str
    fetched_at: int


def get(tx: Tx, url: str) -> Prepared | None:
    """The last look at an address, None if there was none."""
    row = tx.row("SELECT hash, mime_type, bytes, error, fetched_at FROM photos WHERE url = ?", (url,))
    if row is None:
        return None
    hash_, mime_type, size, error, fetched_at = row
    return Prepared(hash=hash_, mime_type=mime_type, bytes=size, error=error, fetched_at=fetched_at)


def keep(tx: Tx, url: str, content_hash: str, mime_type: str, size: int) -> None:
    """The picture's file is on disk under its hash."""
    _put(tx, url, content_hash, mime_type, size, "")


def broken(tx: Tx, url: str, error: str) -> None:
    """There is no picture at the address."""
    _put(tx, url, "", "", 0, error[:300])


def _put(tx: Tx, url: str, content_hash: str, mime_type: str, size: int, error: str) -> None:
    tx.run(
        "INSERT INTO photos (url, hash, mime_type, bytes, error, fetched_at) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (url) DO UPDATE SET hash = excluded.hash, mime_type = excluded.mime_type,"
        " bytes = excluded.bytes, error = excluded.error, fetched_at = excluded.fetched_at",
        (url, content_hash, mime_type, size, error, tx.now_ms),
    )


def media_id(tx: Tx, content_hash: str, sender: str, after: int) -> str:
    """Meta's id of a file that this number uploaded after then (ms), "" if there is none."""
    found = tx.value(
        "SELECT media_id FROM uploads WHERE hash = ? AND sender = ? AND uploaded_at > ?", (content_hash, sender, after)
    )
    return found or ""


def uploaded(tx: Tx, url: str, sender: str, media_id: str) -> None:
    """Meta has the picture of this address under an id."""
    tx.run(
        "INSERT INTO uploads (hash, sender, media_id, uploaded_at)"
        " SELECT hash, ?, ?, ? FROM photos WHERE url = ? AND hash <> ''"
        " ON CONFLICT (hash, sender) DO UPDATE SET media_id = excluded.media_id, uploaded_at = excluded.uploaded_at",
        (sender, media_id, tx.now_ms, url),
    )


def forget_upload(tx: Tx, url: str, sender: str, before: int) -> bool:
    """Meta does not take the id any more; True if it was uploaded before then (ms)."""
    row = tx.row(
        "DELETE FROM uploads WHERE sender = ? AND hash = (SELECT hash FROM photos WHERE url = ?) RETURNING uploaded_at",
        (sender, url),
    )
    return row is not None and row[0] < before


def expired(tx: Tx, before: int, limit: int) -> list[str]:
    """Forget addresses that were last looked at before then (ms), at most `limit`; the hashes no address has now."""
    gone = list(
        tx.rows(
            "DELETE FROM photos WHERE url IN (SELECT url FROM photos WHERE fetched_at < ? LIMIT ?) RETURNING hash",
            (before, limit),
        )
    )
    hashes = sorted({value for (value,) in gone if value})
    unused = [value for value in hashes if tx.value("SELECT 1 FROM photos WHERE hash = ?", (value,)) is None]
    for value in unused:
        tx.run("DELETE FROM uploads WHERE hash = ?", (value,))
    return unused
