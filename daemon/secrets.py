"""The secrets: a systemd credential file each, or an environment variable; never in the TOML."""

import base64
import binascii
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from attrs import field, frozen

from daemon.errors import ConfigError

MASTER_KEY: Final = "SHOWROOMD_MASTER_KEY"
MASTER_KEY_BYTES: Final = 32
NAMES: Final = (
    "ANTHROPIC_API_KEY",
    "OPENAI_API_KEY",
    "ELEVENLABS_API_KEY",
    "SHOWROOMD_WHATSAPP_APP_SECRET",
    "SHOWROOMD_WHATSAPP_VERIFY_TOKEN",
    "SHOWROOMD_ASAAS_TOKEN",
    MASTER_KEY,
)
NEW_KEY_REMEDY: Final = "make one with `head -c 32 /dev/urandom | base64`, keep it safe, and give it to every start"


@frozen(kw_only=True)
class Secrets:
    """What was found; "" (None for the master key) where nothing was. The representation hides the values."""

    anthropic_api_key: str = field(default="", repr=False)
    openai_api_key: str = field(default="", repr=False)
    elevenlabs_api_key: str = field(default="", repr=False)
    whatsapp_app_secret: str = field(default="", repr=False)
    whatsapp_verify_token: str = field(default="", repr=False)
    asaas_token: str = field(default="", repr=False)
    master_key: bytes | None = field(default=None, repr=False)

    def required_master_key(self) -> bytes:
        """The master key. Raises `ConfigError` without one."""
        if self.master_key is None:
            raise ConfigError((f"{MASTER_KEY}: is missing; {NEW_KEY_REMEDY}",))
        return self.master_key


def load_secrets(environ: Mapping[str, str]) -> Secrets:
    """Look each secret up in $CREDENTIALS_DIRECTORY (a file of the lower-case name), then in `environ`.

    An empty file counts as none: the unit puts one where the administrator has put nothing.
    Raises `ConfigError`, which never quotes a value.
    """
    faults: list[str] = []
    found = {name: _look_up(name, environ, faults) for name in NAMES}
    master_key = None
    if found[MASTER_KEY]:
        try:
            master_key = parse_master_key(found[MASTER_KEY])
        except ValueError as error:
            faults.append(f"{MASTER_KEY}: {error}; {NEW_KEY_REMEDY}")
    if faults:
        raise ConfigError(tuple(faults))
    return Secrets(
        anthropic_api_key=found["ANTHROPIC_API_KEY"],
        openai_api_key=found["OPENAI_API_KEY"],
        elevenlabs_api_key=found["ELEVENLABS_API_KEY"],
        whatsapp_app_secret=found["SHOWROOMD_WHATSAPP_APP_SECRET"],
        whatsapp_verify_token=found["SHOWROOMD_WHATSAPP_VERIFY_TOKEN"],
        asaas_token=found["SHOWROOMD_ASAAS_TOKEN"],
        master_key=master_key,
    )


def parse_master_key(text: str) -> bytes:
    """32 bytes from base64, either alphabet. Raises ValueError that does not quote the text."""
    try:
        key = base64.b64decode(text.strip().translate(str.maketrans("-_", "+/")), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("is not base64") from None
    if len(key) != MASTER_KEY_BYTES:
        raise ValueError(f"has {len(key)} bytes instead of {MASTER_KEY_BYTES}")
    return key


def _look_up(name: str, environ: Mapping[str, str], faults: list[str]) -> str:
    folder = environ.get("CREDENTIALS_DIRECTORY")
    if folder:
        path = Path(folder) / name.lower()
        try:
            if found := path.read_text("utf-8").strip():
                return found
        except FileNotFoundError:
            pass
        except (OSError, UnicodeDecodeError) as error:
            faults.append(f"{name}: {path} cannot be read ({type(error).__name__})")
            return ""
    return environ.get(name, "").strip()
