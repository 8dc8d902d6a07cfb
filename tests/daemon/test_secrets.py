import base64
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.errors import ConfigError
from daemon.secrets import NAMES, load_secrets, parse_master_key

KEY = bytes(range(32))
TEXT = base64.b64encode(KEY).decode()


def test_the_environment_is_read() -> None:
    found = load_secrets({"OPENAI_API_KEY": " k\n", "SHOWROOMD_MASTER_KEY": TEXT})
    assert (found.openai_api_key, found.anthropic_api_key, found.master_key) == ("k", "", KEY)


def test_a_credential_wins_over_the_environment(tmp_path: Path) -> None:
    (tmp_path / "openai_api_key").write_text("from-file\n")
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path), "OPENAI_API_KEY": "x", "ANTHROPIC_API_KEY": "a"}
    found = load_secrets(environ)
    assert (found.openai_api_key, found.anthropic_api_key) == ("from-file", "a")


def test_an_empty_credential_is_none(tmp_path: Path) -> None:
    (tmp_path / "openai_api_key").write_text("\n")
    (tmp_path / "anthropic_api_key").write_text("\n")
    found = load_secrets({"CREDENTIALS_DIRECTORY": str(tmp_path), "OPENAI_API_KEY": "x"})
    assert (found.openai_api_key, found.anthropic_api_key) == ("x", "")


def test_every_name_can_be_a_credential(tmp_path: Path) -> None:
    for name in NAMES:
        (tmp_path / name.lower()).write_text(TEXT)
    found = load_secrets({"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert found.whatsapp_app_secret == found.whatsapp_verify_token == found.elevenlabs_api_key == TEXT
    assert found.required_master_key() == KEY


def test_nothing_is_shown() -> None:
    found = load_secrets({**dict.fromkeys(NAMES, "very-secret"), "SHOWROOMD_MASTER_KEY": TEXT})
    assert "very-secret" not in repr(found)
    assert "x01" not in repr(found)


@pytest.mark.parametrize("text", ["not base64!", base64.b64encode(b"short").decode()])
def test_a_bad_master_key_is_explained_and_not_quoted(text: str) -> None:
    with pytest.raises(ConfigError, match="SHOWROOMD_MASTER_KEY") as caught:
        load_secrets({"SHOWROOMD_MASTER_KEY": text})
    assert text not in str(caught.value)
    assert "base64" in str(caught.value)


def test_without_a_master_key_the_remedy_is_told() -> None:
    with pytest.raises(ConfigError, match="make one with"):
        load_secrets({}).required_master_key()


def test_an_unreadable_credential_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "openai_api_key").mkdir()
    with pytest.raises(ConfigError, match="OPENAI_API_KEY"):
        load_secrets({"CREDENTIALS_DIRECTORY": str(tmp_path)})


@given(st.binary(min_size=32, max_size=32))
def test_both_alphabets_are_read(key: bytes) -> None:
    assert parse_master_key(base64.b64encode(key).decode()) == key
    assert parse_master_key(base64.urlsafe_b64encode(key).decode()) == key
