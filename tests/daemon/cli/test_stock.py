import gzip
import json
from pathlib import Path

import pytest
from attrs import asdict

from daemon.cli.stock import content_type
from daemon.stock.importing import ImportReport, Refused, Warned
from tests.daemon.cli.api import Api, api

__all__ = ["api"]

REPORT = asdict(
    ImportReport(
        rows=3,
        created=2,
        withdrawn=1,
        refused=1,
        warned=1,
        refusals=(Refused(row=2, id="v2", reason="the price is no price"),),
        warnings=(Warned(row=3, id="v3", warning="fuel 'Vapor' is stored as other"),),
    )
)


@pytest.mark.parametrize(
    ("name", "start", "kind"),
    [
        ("a.CSV", b"", "text/csv"),
        ("a.csv.gz", b"", "text/csv"),
        ("a.tsv", b"", "text/tab-separated-values"),
        ("a.xml", b"", "application/xml"),
        ("a.ndjson", b"", "application/x-ndjson"),
        ("a.json", b"", "application/json"),
        ("feed", b"\xef\xbb\xbf <ADS>", "application/xml"),
        ("feed", b' [{"id": 1}]', "application/json"),
        ("feed", b'{"veiculos":\n [', "application/json"),
        ("feed", b'{"id": 1}\n{"id": 2}\n', "application/x-ndjson"),
        ("feed", b"id\tmake\n", "text/tab-separated-values"),
        ("feed", b"id;marca\n", "text/csv"),
        ("-", b"", "text/csv"),
    ],
)
def test_the_type_is_guessed_by_name_then_content(name: str, start: bytes, kind: str) -> None:
    assert content_type(name, start) == kind


def test_a_file_is_streamed_and_the_report_printed(
    api: Api, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    api.answers["PUT /v1/tenants/ab/vehicles"] = REPORT
    content = b"id,make\n" * 100_000
    (tmp_path / "s.csv").write_bytes(content)
    assert api.run("stock", "import", "ab", str(tmp_path / "s.csv")) == 0
    assert api.calls == [("PUT", "/v1/tenants/ab/vehicles?mode=replace", content)]
    assert api.headers[0]["content-type"] == "text/csv"
    assert "content-length" not in api.headers[0]
    assert capsys.readouterr().out.splitlines() == [
        "3 rows, 2 created, 0 updated, 0 unchanged, 1 withdrawn, 1 refused, 1 warned",
        "row  id  what     why",
        "2    v2  refused  the price is no price",
        "3    v3  warning  fuel 'Vapor' is stored as other",
    ]


def test_gzip_is_unpacked_on_the_way(api: Api, tmp_path: Path) -> None:
    api.answers["PUT /v1/tenants/ab/vehicles"] = REPORT
    (tmp_path / "s").write_bytes(gzip.compress(b"<ADS/>"))
    assert api.run("stock", "import", "ab", str(tmp_path / "s"), "--mode", "merge", "--json") == 0
    assert api.calls == [("PUT", "/v1/tenants/ab/vehicles?mode=merge", b"<ADS/>")]
    assert api.headers[0]["content-type"] == "application/xml"


def test_when_nothing_was_taken_the_exit_is_1(api: Api, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    api.answers["PUT /v1/tenants/ab/vehicles"] = {**REPORT, "created": 0}
    (tmp_path / "s.csv").write_bytes(b"id\n")
    assert api.run("stock", "import", "ab", str(tmp_path / "s.csv"), "--json") == 1
    assert json.loads(capsys.readouterr().out)["refused"] == 1


def test_files_that_cannot_be_read_are_explained(api: Api, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "cut.gz").write_bytes(gzip.compress(bytes(range(256)) * 4000)[:-900])
    (tmp_path / "bad.gz").write_bytes(b"\x1f\x8b" + b"x" * 50)
    for name, said in (
        ("cut.gz", "damaged gzip"),
        ("bad.gz", "damaged gzip"),
        ("none", "No such file"),
        (".", "directory"),
    ):
        assert api.run("stock", "import", "ab", str(tmp_path / name), "--type", "text/csv") == 1
        err = capsys.readouterr().err
        assert said in err
        assert err.count("\n") == 1
