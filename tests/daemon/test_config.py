import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.config import Config, load, parse, sample_config, settings
from daemon.errors import ConfigError
from daemon.setting import Bind


def faults(text: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        parse(text)
    return caught.value.faults


def test_the_sample_says_the_defaults() -> None:
    assert parse(sample_config()) == Config()


def test_the_sample_has_every_setting_with_a_comment() -> None:
    lines = sample_config().splitlines()
    for path, setting, _ in settings():
        table, _, key = path.rpartition(".")
        section = lines.index(f"[{table}]")
        place = next(i for i, line in enumerate(lines) if i > section and line.startswith(f"{key} ="))
        assert lines[place - 1] == f"# {setting.about}"


def test_an_empty_file_is_the_defaults() -> None:
    assert parse("") == Config()


def test_values_are_taken() -> None:
    config = parse(
        '[http]\nbind = ["0.0.0.0:80", "unix:/run/x.sock"]\n[turns]\nquiet_spell_seconds = 2\n'
        '[fetch]\nallow_private = ["10.0.0.0/8", "feeds.local:8080"]'
    )
    assert config.binds == (Bind(host="0.0.0.0", port=80), Bind(path="/run/x.sock"))
    assert config.turns.quiet_spell_seconds == 2.0
    assert config.fetch.allow_private == ("10.0.0.0/8", "feeds.local:8080")
    assert config.outbox == Config().outbox


def test_every_fault_is_listed_with_its_path() -> None:
    assert faults(
        """
        surprise = 1
        providers.anthropic = 3
        [http]
        bind = "127.0.0.1:8420"
        [turns]
        quiet_spell_seconds = -1
        max_running = true
        [whatsapp.cloud]
        graph_url = "ftp://x"
        nonsense = 2
        """
    ) == (
        'http.bind: must be a list of texts in quotes: ["…", "…"]',
        "whatsapp.cloud.graph_url: must be a URL that begins with https:// or http://",
        "whatsapp.cloud.nonsense: is not a setting",
        "providers.anthropic: must be a table",
        "turns.quiet_spell_seconds: must be from 0 to 60",
        "turns.max_running: must be a whole number",
        "surprise: is not a setting",
    )


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ("[http]\nbind = ['nowhere']", "http.bind"),
        ("[http]\nbind = ['unix:relative']", "http.bind"),
        ("[http]\nbind = ['1.2.3.4:70000']", "http.bind"),
        ("[http]\npublic_url = 'zap.example.com'", "http.public_url"),
        ("[whatsapp.web]\nroot_public_key = 'ff'", "whatsapp.web.root_public_key"),
        ("[whatsapp.cloud]\nmedia_hosts = ['https://x']", "whatsapp.cloud.media_hosts"),
        ("[whatsapp.cloud]\ngraph_version = '26'", "whatsapp.cloud.graph_version"),
        ("[outbox]\nresend_after_seconds = nan", "outbox.resend_after_seconds"),
        ("[outbox]\nresend_after_seconds = inf", "outbox.resend_after_seconds"),
        ("[storage]\nthreads = 0", "storage.threads"),
        ("[storage]\nthreads = 1.0", "storage.threads"),
        ("[billing]\ntime_zone = 'Brazil/Nowhere'", "billing.time_zone"),
        ("[billing]\ntime_zone = '../etc/passwd'", "billing.time_zone"),
        ("[fetch]\nallow_private = ['localhost']", "fetch.allow_private"),
        ("[daemon]\nlog_format = 'pretty'", "daemon.log_format"),
        ("[daemon]\ndata_dir = ''", "daemon.data_dir"),
        ("[providers.openai]\nmodel = ''", "providers.openai.model"),
        ("[turns]\nquiet_spell_seconds = 9", "turns.quiet_spell_max_seconds"),
    ],
)
def test_values_out_of_range_are_refused(line: str, path: str) -> None:
    assert [fault.split(":")[0] for fault in faults(line)] == [path]


def test_not_toml_and_not_there_say_so(tmp_path: Path) -> None:
    assert "not TOML" in faults("a =")[0]
    (tmp_path / "broken.toml").write_text("a =")
    with pytest.raises(ConfigError, match=r"broken\.toml: not TOML"):
        load(tmp_path / "broken.toml")
    with pytest.raises(ConfigError, match="no such file; `showroomd sample-config`"):
        load(tmp_path / "none.toml")
    (tmp_path / "latin.toml").write_bytes(b"# \xe3")
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path / "latin.toml")


def test_the_admin_socket_is_found_by_its_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    config = parse("[daemon]\ndata_dir = '/data'")
    monkeypatch.delenv("RUNTIME_DIRECTORY", raising=False)
    assert config.admin_socket == Path("/data/admin.sock")
    monkeypatch.setenv("RUNTIME_DIRECTORY", "/run/showroomd:/run/other")
    assert config.admin_socket == Path("/run/showroomd/admin.sock")
    assert parse("[daemon]\nadmin_socket = '/x/y'").admin_socket == Path("/x/y")


VALUES = st.recursive(
    st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)


def _as_toml(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return f"[{', '.join(map(_as_toml, value))}]"
    if isinstance(value, str):
        return '"' + "".join(f"\\U{ord(char):08X}" for char in value) + '"'
    return str(value)


@given(st.sampled_from([path for path, _, _ in settings()]), VALUES)
def test_any_value_is_taken_or_refused_with_its_path(path: str, value: object) -> None:
    text = f"{path} = {_as_toml(value)}"
    try:
        tomllib.loads(text)
    except (tomllib.TOMLDecodeError, ValueError):
        return
    found: tuple[str, ...] = ()
    try:
        parse(text)
    except ConfigError as error:
        found = error.faults
    assert all(fault.startswith(path.rpartition(".")[0]) for fault in found)


def test_the_entrys_cells_are_sockets_and_each_is_named_once() -> None:
    assert parse('[entry]\ncells = ["/run/a.sock", "/run/b.sock"]').entry.cells == ("/run/a.sock", "/run/b.sock")
    for cells, fault in (
        ('["run/a.sock"]', "entry.cells: must be an absolute path"),
        ('["/run/a.sock", "/run/a.sock"]', "entry.cells: names a socket twice"),
    ):
        with pytest.raises(ConfigError) as caught:
            parse(f"[entry]\ncells = {cells}")
        assert caught.value.faults == (fault,)
    with pytest.raises(ConfigError, match="must be an absolute path, or empty"):
        parse('[http]\nentry_socket = "a.sock"')
