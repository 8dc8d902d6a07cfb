import httpx
import pytest

from daemon.cli.common import CommandFailed, ask, pages, print_fields, print_table, problem


@pytest.mark.parametrize(
    ("body", "line"),
    [
        (
            {"detail": "the tenant is not valid", "errors": [{"path": "id", "detail": "is taken"}]},
            "the tenant is not valid; id: is taken",
        ),
        ({"title": "Not Found"}, "Not Found"),
        ({"detail": "bad", "errors": [{"path": "name", "message": "must be text"}, "x"]}, "bad; name: must be text; x"),
        ([], "the daemon answered 422"),
    ],
)
def test_problems_become_one_line(body: object, line: str) -> None:
    assert problem(httpx.Response(422, json=body)) == line


def test_an_answer_that_is_no_json_is_told_by_its_status() -> None:
    assert problem(httpx.Response(502, text="<html>")) == "the daemon answered 502"


async def test_lists_are_read_page_by_page() -> None:
    seen = []

    async def respond(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.params.get("after"))
        found = {None: {"items": [{"id": 1}], "next": "c"}, "c": {"items": [{"id": 2}], "next": None}}
        return httpx.Response(200, json=found[request.url.params.get("after")])

    async with httpx.AsyncClient(transport=httpx.MockTransport(respond), base_url="http://t") as client:
        assert [item["id"] async for item in pages(client, "/v1/tenants")] == [1, 2]
    assert seen == [None, "c"]


async def test_a_connection_that_breaks_off_is_explained() -> None:
    async def respond(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadError("gone", request=request)

    async with httpx.AsyncClient(transport=httpx.MockTransport(respond), base_url="http://t") as client:
        with pytest.raises(CommandFailed, match="broke the connection off"):
            await ask(client, "GET", "/v1/tenants")


def test_tables_line_up(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("id", "name"), [("auto-sul", "Auto Sul"), ("b", None)])
    assert capsys.readouterr().out == "id        name\nauto-sul  Auto Sul\nb\n"


def test_fields_are_indented_and_empty_ones_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    print_fields({"id": "a", "phone": "", "channel": {"kind": "cloud"}, "tags": ["x", "y"], "tasks": [{"name": "t"}]})
    assert capsys.readouterr().out == "id: a\nchannel:\n  kind: cloud\ntags: x, y\ntasks:\n  name: t\n"
