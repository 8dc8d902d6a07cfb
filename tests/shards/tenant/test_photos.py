"""Vehicles' pictures: what became of an address, and Meta's ids for it."""

import pytest

from shards.tenant import photos
from shards.tenant.photos import Prepared
from tests.support.desk_rows import Desk, desk

__all__ = ["desk"]

URL = "https://fotos.example/1.webp"
HASH = "ab" * 32


def test_the_last_look_stands(desk: Desk) -> None:
    assert desk(photos.get, URL) is None
    desk(photos.broken, URL, "x" * 500)
    assert desk(photos.get, URL) == Prepared(hash="", mime_type="", bytes=0, error="x" * 300, fetched_at=desk.clock.ms)
    desk.clock.move(1)
    desk(photos.keep, URL, HASH, "image/jpeg", 7)
    assert desk(photos.get, URL) == Prepared(
        hash=HASH, mime_type="image/jpeg", bytes=7, error="", fetched_at=desk.clock.ms
    )


def test_an_id_is_a_numbers_and_of_a_time(desk: Desk) -> None:
    desk(photos.keep, URL, HASH, "image/jpeg", 7)
    desk(photos.uploaded, URL, "number-1", "media-1")
    at = desk.clock.ms
    assert desk(photos.media_id, HASH, "number-1", at - 1) == "media-1"
    assert desk(photos.media_id, HASH, "number-1", at) == "", "it is as old as that"
    assert desk(photos.media_id, HASH, "number-2", 0) == ""
    desk.clock.move(1)
    desk(photos.uploaded, URL, "number-1", "media-2")
    assert desk(photos.media_id, HASH, "number-1", at) == "media-2"


def test_two_addresses_of_one_picture_share_its_upload(desk: Desk) -> None:
    for url in (URL, URL + "?2"):
        desk(photos.keep, url, HASH, "image/jpeg", 7)
    desk(photos.uploaded, URL, "number-1", "media-1")
    assert desk.rows("SELECT media_id FROM uploads") == ["media-1"]


def test_what_is_broken_meanwhile_has_no_upload(desk: Desk) -> None:
    desk(photos.broken, URL, "gone")
    desk(photos.uploaded, URL, "number-1", "media-1")
    assert desk.rows("SELECT * FROM uploads") == []


@pytest.mark.parametrize(("older_by_ms", "reused"), [(1, True), (0, False)])
def test_a_refused_id_is_forgotten(desk: Desk, older_by_ms: int, reused: bool) -> None:
    desk(photos.keep, URL, HASH, "image/jpeg", 7)
    desk(photos.uploaded, URL, "number-1", "media-1")
    assert desk(photos.forget_upload, URL, "number-1", desk.clock.ms + older_by_ms) is reused
    assert desk.rows("SELECT * FROM uploads") == []
    assert desk(photos.forget_upload, URL, "number-1", desk.clock.ms + 1) is False


def test_what_nobody_asked_for_goes_with_its_upload(desk: Desk) -> None:
    desk(photos.keep, URL, HASH, "image/jpeg", 7)
    desk(photos.keep, URL + "?2", "cd" * 32, "image/jpeg", 7)
    desk(photos.broken, URL + "?3", "gone")
    for url in (URL, URL + "?2"):
        desk(photos.uploaded, url, "number-1", url)
    desk.clock.move(10)
    desk(photos.keep, URL + "?4", "cd" * 32, "image/jpeg", 7)
    assert desk(photos.expired, desk.clock.ms, 100) == [HASH]
    assert desk.rows("SELECT url FROM photos") == [URL + "?4"]
    assert desk.rows("SELECT hash FROM uploads") == ["cd" * 32], "the picture is still at another address"
