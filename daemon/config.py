"""The configuration: frozen values, read from TOML, every fault listed with its path."""

import os
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any, Final, get_args, get_type_hints

from attrs import fields, frozen, has
from cattrs import BaseValidationError, ClassValidationError, Converter, ForbiddenExtraKeysError
from cattrs.gen import make_dict_structure_fn

from daemon import setting as check
from daemon.billing.settings import BillingConfig
from daemon.errors import ConfigError
from daemon.providers.settings import ProvidersConfig
from daemon.setting import Bind, Setting

DEFAULT_PATH: Final = Path("/etc/showroomd/showroomd.toml")


@frozen(kw_only=True)
class DaemonConfig:
    """Where its files are and how it logs."""

    data_dir: Annotated[str, Setting("Everything showroomd keeps.", check.path)] = "/var/lib/showroomd"
    log_format: Annotated[
        str,
        Setting(
            "auto | console | json; auto is json unless a person looks on.",
            check.one_of("auto", "console", "json"),
        ),
    ] = "auto"
    log_level: Annotated[
        str,
        Setting(
            "debug | info | warning | error | critical; $SHOWROOMD_LOG_LEVEL wins over it.",
            check.one_of("debug", "info", "warning", "error", "critical"),
        ),
    ] = "info"
    admin_socket: Annotated[str, Setting("Empty: $RUNTIME_DIRECTORY/admin.sock, else <data_dir>/admin.sock.")] = ""


@frozen(kw_only=True)
class HttpConfig:
    """The public listener."""

    bind: Annotated[
        tuple[str, ...],
        Setting("host:port or unix:/path, any number of them; sockets handed over by systemd win.", check.address),
    ] = ("127.0.0.1:8420",)
    public_url: Annotated[
        str,
        Setting(
            "How the world reaches this server, as https://zap.example.com.br; it stands in the API's description.",
            check.url("https", "http", empty=True),
        ),
    ] = ""
    entry_socket: Annotated[
        str,
        Setting(
            "Of a cell: the unix socket where `showroomd entry` hands deliveries over; one named entry, handed over by"
            " systemd, wins. Empty: none.",
            check.absolute_path_or_empty,
        ),
    ] = ""


@frozen(kw_only=True)
class EntryConfig:
    """Of `showroomd entry` alone: the one webhook entry in front of several cells."""

    cells: Annotated[
        tuple[str, ...],
        Setting(
            "The entry socket of each cell. Two cells with one number: the first of them here has it.",
            check.absolute_path,
        ),
    ] = ()
    status: Annotated[
        str,
        Setting("Where the entry answers /healthz, /readyz and /metrics, without a token.", check.address),
    ] = "127.0.0.1:8419"
    refresh_seconds: Annotated[
        float, Setting("How often the cells are asked which numbers are theirs.", check.between(0.1, 3_600))
    ] = 10.0


@frozen(kw_only=True)
class CloudConfig:
    """Meta's official API."""

    graph_url: Annotated[str, Setting("Meta's Graph API.", check.url("https", "http"))] = "https://graph.facebook.com"
    graph_version: Annotated[str, Setting("Its version.", check.matches(r"v\d+\.\d+", "a version, as v26.0"))] = "v26.0"
    media_hosts: Annotated[
        tuple[str, ...],
        Setting("The only hosts that media are downloaded from (with the token).", check.HOST),
    ] = ("lookaside.fbsbx.com",)


@frozen(kw_only=True)
class WebConfig:
    """WhatsApp Web: the tenants' own linked devices."""

    url: Annotated[str, Setting("WhatsApp Web's socket.", check.url("wss", "ws"))] = "wss://web.whatsapp.com/ws/chat"
    root_public_key: Annotated[
        str,
        Setting(
            "Hex; empty: WhatsApp's own. For a test server.",
            check.matches(r"([0-9a-fA-F]{64})?", "64 hexadecimal digits, or empty"),
        ),
    ] = ""
    media_origins: Annotated[
        tuple[str, ...],
        Setting(
            "Media hosts beside WhatsApp's own, as scheme://host:port. For a test server.", check.url("https", "http")
        ),
    ] = ()
    pace: Annotated[
        float,
        Setting(
            "How human-like the assistant writes: 1 as a person, 0 at once and without caps. For tests.",
            check.between(0, 4),
        ),
    ] = 1.0


@frozen(kw_only=True)
class WhatsappConfig:
    """Both ways to WhatsApp."""

    cloud: CloudConfig = CloudConfig()
    web: WebConfig = WebConfig()


@frozen(kw_only=True)
class TurnsConfig:
    """When and how many answers are thought out."""

    quiet_spell_seconds: Annotated[
        float,
        Setting("A burst of messages is answered once the customer was quiet for so long.", check.between(0, 60)),
    ] = 1.5
    quiet_spell_max_seconds: Annotated[
        float, Setting("... and at most so long after the first of them.", check.between(0, 300))
    ] = 6.0
    max_running: Annotated[int, Setting("Turns that run at a time, of all tenants.", check.between(1, 1_000_000))] = (
        2048
    )


@frozen(kw_only=True)
class OutboxConfig:
    """Handing messages to the network."""

    resend_after_seconds: Annotated[
        float,
        Setting("A send whose result stayed unknown is repeated, once, after so long.", check.between(1, 86_400)),
    ] = 90.0


@frozen(kw_only=True)
class StorageConfig:
    """Files and threads."""

    threads: Annotated[int, Setting("Worker threads for the disk.", check.between(1, 1024))] = 16
    open_shards: Annotated[
        int,
        Setting(
            "Tenant files open at a time; each takes up to five descriptors and, in use, 1 MB. Where more tenants are"
            " busy at once, a message costs a quarter more.",
            check.between(1, 1_000_000),
        ),
    ] = 1024
    floor_mb: Annotated[
        int,
        Setting("With less free space than this, customers' files and copies wait.", check.between(0, 1_000_000)),
    ] = 512
    copy_every_seconds: Annotated[
        float,
        Setting("Between two rounds of copies of what changed; longer when there is much.", check.between(1, 86_400)),
    ] = 300.0
    copy_mb_per_second: Annotated[
        float, Setting("Copies are made no faster than this.", check.between(0.1, 10_000))
    ] = 20.0
    keep_backups: Annotated[
        int, Setting("Backup sets kept in the data directory, of each kind.", check.between(1, 1000))
    ] = 3


@frozen(kw_only=True)
class FetchConfig:
    """Downloading feeds and photos."""

    allow_private: Annotated[
        tuple[str, ...],
        Setting(
            "Addresses inside your network that may be fetched all the same: host:port, or a network.",
            check.private,
        ),
    ] = ()


@frozen(kw_only=True)
class RetentionConfig:
    """How long things are kept."""

    media_days: Annotated[int, Setting("Customers' pictures, voice notes and documents.", check.between(1, 36_500))] = (
        90
    )
    media_mb_per_tenant: Annotated[
        int,
        Setting(
            "With more than this of them a dealership's new ones are not kept; 0: no limit.", check.between(0, 10**9)
        ),
    ] = 2048


@frozen(kw_only=True)
class Config:
    """The whole configuration; `Config()` has the defaults. `load` checks, building one by hand does not."""

    daemon: DaemonConfig = DaemonConfig()
    http: HttpConfig = HttpConfig()
    whatsapp: WhatsappConfig = WhatsappConfig()
    providers: ProvidersConfig = ProvidersConfig()  # noqa: RUF009 - frozen
    turns: TurnsConfig = TurnsConfig()
    outbox: OutboxConfig = OutboxConfig()
    storage: StorageConfig = StorageConfig()
    fetch: FetchConfig = FetchConfig()
    retention: RetentionConfig = RetentionConfig()
    billing: BillingConfig = BillingConfig()  # noqa: RUF009 - frozen
    entry: EntryConfig = EntryConfig()

    @property
    def data_dir(self) -> Path:
        """The data directory, absolute."""
        return Path(self.daemon.data_dir).absolute()

    @property
    def admin_socket(self) -> Path:
        """Where the admin API listens: as set, else in systemd's runtime directory, else beside the data.

        For the daemon alone: a command's shell has no $RUNTIME_DIRECTORY, it asks `lock.holder`.
        """
        if self.daemon.admin_socket:
            return Path(self.daemon.admin_socket).absolute()
        runtime = os.environ.get("RUNTIME_DIRECTORY", "").split(":")[0]
        return (Path(runtime) if runtime else self.data_dir) / "admin.sock"

    @property
    def binds(self) -> tuple[Bind, ...]:
        """The parsed `http.bind`."""
        return tuple(Bind.parse(text) for text in self.http.bind)


def load(path: Path | str) -> Config:
    """Read and check a file. Raises `ConfigError` with every fault."""
    try:
        text = Path(path).read_text("utf-8")
    except FileNotFoundError:
        raise ConfigError((f"{path}: there is no such file; `showroomd sample-config` prints one",)) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError((f"{path}: cannot be read ({error})",)) from error
    return parse(text, str(path))


def parse(text: str, name: str = "") -> Config:
    """Check a TOML text, called `name` where it is none. Raises `ConfigError` with every fault."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError((f"{name}: not TOML: {error}" if name else f"not TOML: {error}",)) from error
    try:
        config = _converter.structure(document, Config)
    except ClassValidationError as error:
        raise ConfigError(tuple(_faults(error, ""))) from None
    if config.turns.quiet_spell_max_seconds < config.turns.quiet_spell_seconds:
        raise ConfigError(("turns.quiet_spell_max_seconds: must not be less than turns.quiet_spell_seconds",))
    if len(set(config.entry.cells)) < len(config.entry.cells):
        raise ConfigError(("entry.cells: names a socket twice",))
    if fault := config.billing.fault():
        raise ConfigError((fault,))
    return config


def settings() -> Iterator[tuple[str, Setting, Any]]:
    """Every key with its path, what it is for, and its default, in the order of the sample."""
    yield from _settings(Config, "")


def _settings(cls: type[Any], prefix: str) -> Iterator[tuple[str, Setting, Any]]:
    hints = get_type_hints(cls, include_extras=True)
    for attribute in fields(cls):
        hint, path = hints[attribute.name], f"{prefix}{attribute.name}"
        if has(hint):
            yield from _settings(hint, f"{path}.")
        else:
            yield path, _setting(hint), attribute.default


def sample_config() -> str:
    """A commented TOML text whose values are the defaults."""
    lines = ["# showroomd's settings. Every value below is the default. Secrets never stand here."]
    section = ""
    for path, setting, default in settings():
        table, _, key = path.rpartition(".")
        if table != section:
            section = table
            lines += ["", f"[{section}]"]
        lines += [f"# {setting.about}", f"{key} = {_toml(default)}"]
    return "\n".join(lines) + "\n"


def _toml(value: Any) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(_toml(item) for item in value)}]"
    if isinstance(value, str):
        return f'"{value}"'
    return f"{value:g}" if isinstance(value, float) else str(value)


def _setting(hint: Any) -> Setting:
    return next(extra for extra in get_args(hint) if isinstance(extra, Setting))


_KINDS: Final = {str: "text in quotes", int: "a whole number", float: "a number"}


def _structure(hint: Any) -> Callable[[Any, Any], Any]:
    setting, plain = _setting(hint), get_args(hint)[0]

    def single(value: Any, kind: type) -> Any:
        if kind is float and type(value) is int:
            value = float(value)
        if type(value) is not kind:
            raise ValueError(f"must be {_KINDS[kind]}")
        if fault := setting.check(value):
            raise ValueError(fault)
        return value

    is_list = plain not in _KINDS

    def structure(value: Any, _: Any) -> Any:
        if not is_list:
            return single(value, plain)
        if not isinstance(value, list):
            raise ValueError('must be a list of texts in quotes: ["…", "…"]')
        return tuple(single(item, str) for item in value)

    return structure


def _table(cls: type[Any]) -> Callable[[Any, Any], Any]:
    inner = make_dict_structure_fn(cls, _converter, _cattrs_forbid_extra_keys=True)

    def structure(value: Any, kind: Any) -> Any:
        if not isinstance(value, dict):
            raise ValueError("must be a table")
        return inner(value, kind)

    return structure


def _faults(error: BaseException, path: str) -> Iterator[str]:
    if isinstance(error, ClassValidationError):
        named, others = error.group_exceptions()
        for inner, note in named:
            yield from _faults(inner, f"{path}.{note.name}" if path else note.name)
        for other in others:
            yield from _faults(other, path)
    elif isinstance(error, ForbiddenExtraKeysError):
        for key in sorted(error.extra_fields):
            yield f"{path}.{key}: is not a setting" if path else f"{key}: is not a setting"
    else:
        assert not isinstance(error, BaseValidationError), error
        yield f"{path}: {error}"


_converter: Final = Converter(detailed_validation=True)
_converter.register_structure_hook_factory(lambda hint: hasattr(hint, "__metadata__"), _structure)
_converter.register_structure_hook_factory(has, _table)
