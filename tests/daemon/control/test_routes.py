from daemon.control.routes import ROUTES


def test_the_table_is_consistent() -> None:
    assert len({(route.method, route.path) for route in ROUTES}) == len(ROUTES)
    assert len({route.name for route in ROUTES}) == len(ROUTES)
    for route in ROUTES:
        assert bool(route.action) == (route.method != "GET"), route.name
        assert route.status in (200, 201, 204)
        assert (route.answer is None) == (route.status == 204 or bool(route.only)), route.name
        if route.reach == "tenant":
            assert "/{t}" in route.path
        if route.method == "POST" and "{t}" not in route.path:
            assert route.keeps_in_central, route.name


def test_every_row_of_the_contract_is_there() -> None:
    paths = {(route.method, route.path.removeprefix("/v1/tenants/{t}")) for route in ROUTES}
    contract = """
        POST /v1/tenants · GET /v1/tenants · GET  · PATCH  · DELETE  · POST /suspend · POST /resume · POST /restart
        · GET /tasks · GET /v1/tasks · GET /channel · GET /vehicles · PUT /vehicles · GET /vehicles/{v}
        · PUT /vehicles/{v} · DELETE /vehicles/{v} · GET /conversations · GET /conversations/{c}
        · GET /conversations/{c}/messages · POST /conversations/{c}/messages · POST /conversations/{c}/takeover
        · POST /conversations/{c}/release · GET /leads · GET /appointments · GET /contacts
        · GET /contacts/{c}/export · DELETE /contacts/{c} · POST /sandbox/messages · GET /sandbox/messages
        · GET /v1/events · GET /v1/audit
    """
    for row in contract.split("·"):
        method, _, path = row.strip().partition(" ")
        assert (method, path.strip()) in paths, row
