import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from daemon import logs as logging_set_up
from daemon.errors import ConfigError
from daemon.logs import get_logger, level_of, redacted


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """What is written, with the process's set-up put back afterwards."""
    before, root = structlog.get_config(), logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield io.StringIO()
    logging.captureWarnings(capture=False)
    root.handlers[:], root.level = handlers, level
    structlog.configure(**before)


def configure(stream: io.StringIO, log_format: str = "json", level: int = logging.INFO) -> None:
    logging_set_up.configure(log_format, level, stream, cache=False)


def test_events_are_lines_of_json(stream: io.StringIO) -> None:
    configure(stream)
    get_logger("desk", tenant="auto-sul").info("turn settled", ms=12)
    event = json.loads(stream.getvalue())
    assert event.pop("timestamp").endswith("Z")
    assert event == {
        "event": "turn settled",
        "logger": "showroomd.desk",
        "tenant": "auto-sul",
        "ms": 12,
        "level": "info",
    }


def test_a_level_that_is_off_says_nothing(stream: io.StringIO) -> None:
    configure(stream, level=logging.WARNING)
    get_logger("desk").info("quiet")
    get_logger("desk").warning("loud")
    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["loud"]


def test_auto_is_json_where_nobody_looks_on(stream: io.StringIO) -> None:
    configure(stream, "auto")
    get_logger("x").info("a")
    assert stream.getvalue().startswith("{")


def test_console_is_for_people(stream: io.StringIO) -> None:
    configure(stream, "console")
    get_logger("x").warning("hello", phone="5551999998888")
    assert "hello" in stream.getvalue()
    assert "\x1b" not in stream.getvalue()
    assert "99999" not in stream.getvalue()


def test_libraries_go_the_same_way_and_httpx_is_quiet(stream: io.StringIO) -> None:
    configure(stream)
    logging.getLogger("hypercorn.error").warning("from %s", "+5551999998888")
    logging.getLogger("httpx").info("HTTP Request: POST https://graph.facebook.com")
    events = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [(event["logger"], event["event"]) for event in events] == [("hypercorn.error", "from …8888")]


def test_loggers_in_use_follow_a_change_of_level_and_format(stream: io.StringIO) -> None:
    logging_set_up.configure("json", logging.WARNING, stream, cache=True)
    logger = get_logger("desk").bind(tenant="auto-sul")
    logger.info("one")
    logging_set_up.reconfigure("json", logging.DEBUG, stream)
    logger.debug("two")
    logging_set_up.reconfigure("console", logging.ERROR, stream)
    logger.warning("three")
    logger.critical("four")
    first, *rest = stream.getvalue().splitlines()
    assert json.loads(first)["event"] == "two"
    assert len(rest) == 1
    assert "four" in rest[0]
    assert not rest[0].startswith("{")


def test_tracebacks_are_kept_and_redacted(stream: io.StringIO) -> None:
    configure(stream)
    try:
        raise ValueError("no contact 5551999998888")
    except ValueError:
        get_logger("x").warning("it failed", exc_info=True)
    assert "…8888" in json.loads(stream.getvalue())["exception"]
    assert "99999" not in stream.getvalue()


def test_the_settings_say_the_level_where_the_environment_does_not() -> None:
    assert level_of({}, "debug") == logging.DEBUG
    assert level_of({"LOG_LEVEL": "error"}, "debug") == logging.ERROR


def test_no_field_leaks(stream: io.StringIO) -> None:
    configure(stream)
    get_logger("x").info(
        "sent with Bearer abc.def",
        access_token="EAAG123",
        api_key="k",
        Authorization="Basic eA==",
        input_tokens=3,
        deep={"headers": [("authorization", "Bearer zzz")], "5551999998888": {"secret": "s"}},
        raw=b"token EAAGabcdefgh123",
        error=ValueError("sk-proj-abcdefgh"),
    )
    line = stream.getvalue()
    for leaked in ("abc.def", "EAAG", '"k"', "eA==", "zzz", "99999", '"s"', "sk-proj"):
        assert leaked not in line
    assert json.loads(line)["input_tokens"] == 3


def test_a_log_that_cannot_be_written_stops_nothing(stream: io.StringIO) -> None:
    configure(stream)
    stream.close()
    get_logger("x").info("into the void")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("de 5551999998888 agora", "de …8888 agora"),
        ("+55 51 99999-8888", "…8888"),
        ("+55 (51) 99999-8888.", "…8888."),
        ("(51) 99999-8888", "…8888"),
        ("51 3333-4444", "…4444"),
        ("R$ 168.900,00 e 2019/2020", "R$ 168.900,00 e 2019/2020"),
        ("2026-11-22T13:27:07Z", "2026-11-22T13:27:07Z"),
        ("wamid.HBgNNTU1MTk5OTk5OTk5ORUCABIYIDNEQjA=", "wamid.…ABIYIDNEQjA="),
        ("https://x/?access_token=abc&y=1", "https://x/?access_token=[hidden]&y=1"),
    ],
)
def test_phones_and_keys_are_masked(text: str, shown: str) -> None:
    assert redacted(text) == shown


@given(st.text(max_size=20), st.from_regex(r"[1-9][0-9]{9,14}", fullmatch=True), st.text(max_size=20))
def test_no_run_of_ten_to_fifteen_digits_passes(before: str, phone: str, after: str) -> None:
    if not (before[-1:].isdigit() or after[:1].isdigit()):
        assert phone not in redacted(before + phone + after)


def test_the_level_comes_from_the_environment() -> None:
    assert level_of({}) == logging.INFO
    assert level_of({"LOG_LEVEL": "debug"}) == logging.DEBUG
    assert level_of({"LOG_LEVEL": "debug", "SHOWROOMD_LOG_LEVEL": "ERROR"}) == logging.ERROR
    with pytest.raises(ConfigError, match="LOG_LEVEL"):
        level_of({"LOG_LEVEL": "chatty"})
