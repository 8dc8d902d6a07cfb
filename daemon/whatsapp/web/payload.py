"""What a device says of itself at the end of the handshake: `ClientPayload`, from both sides.

A device without an account registers; a paired one logs in. Neither carries a password: the Noise static key of the
handshake is what proves a login.
"""

import hashlib
import re
from typing import Final

from attrs import field, frozen

from daemon.whatsapp.web import messages_pb2 as wa
from daemon.whatsapp.web.curve import KEY_BYTES
from daemon.whatsapp.web.errors import Garbled
from daemon.whatsapp.web.jid import HOSTED, PN, Jid
from daemon.whatsapp.web.protobuf import parse
from daemon.whatsapp.web.record import SignedPreKey
from daemon.whatsapp.web.xeddsa import SIGNATURE_BYTES, verify

Version = tuple[int, int, int]

BUILT_IN_VERSION: Final[Version] = (2, 3000, 1045649367)
"""Of August 2026. The server refuses versions that are some months old (failure 405): see `version_in`."""

KEY_TYPE: Final = b"\x05"
"""Curve25519, written before a public key where libsignal would."""

_REVISION: Final = re.compile(r'\\?"client_revision\\?":\s{0,9}(\d{1,10})(?!\d)', re.ASCII)
_UINT32: Final = 2**32

_DEVICE_PROPS: Final = wa.DeviceProps(
    os="showroomd",  # how the dealer recognises us in the phone's list of linked devices
    version=wa.DevicePropsAppVersion(primary=1, secondary=0, tertiary=0),
    platformType=wa.DeviceProps.CHROME,
    requireFullSync=False,
    historySyncConfig=wa.HistorySyncConfig(
        storageQuotaMb=512, inlineInitialPayloadInE2EeMsg=True, recentSyncDaysLimit=1
    ),
)
DEVICE_PROPS: Final = _DEVICE_PROPS.SerializeToString(deterministic=True)
"""Must never change: a paired device keeps what it registered with."""


@frozen(kw_only=True)
class Registration:
    """A device that wants to be linked, as the server reads it. Keys are the 32 public bytes."""

    registration_id: int
    identity: bytes
    signed_prekey_id: int
    signed_prekey: bytes
    signature: bytes = field(repr=False)
    build_hash: bytes = field(repr=False)
    device_props: bytes = field(repr=False)
    version: Version


@frozen(kw_only=True)
class Login:
    """A linked device that comes back, as the server reads it."""

    jid: Jid
    passive: bool
    pull: bool
    version: Version


def registration(*, version: Version, registration_id: int, identity: bytes, signed_prekey: SignedPreKey) -> bytes:
    """The payload of a device that has no account yet. `identity` is the public key."""
    payload = _common(version)
    payload.passive = False
    payload.pull = False
    payload.devicePairingData.CopyFrom(
        wa.DevicePairingRegistrationData(
            eRegid=registration_id.to_bytes(4, "big"),
            eKeytype=KEY_TYPE,
            eIdent=identity,
            eSkeyId=signed_prekey.id.to_bytes(3, "big"),
            eSkeyVal=signed_prekey.pair.public,
            eSkeySig=signed_prekey.signature,
            buildHash=build_hash(version),
            deviceProps=DEVICE_PROPS,
        )
    )
    return payload.SerializeToString(deterministic=True)


def login(*, version: Version, jid: Jid) -> bytes:
    """The payload of the paired device `jid` (its phone-number form). Raises `Garbled` if that is no such device."""
    if jid.server not in (PN, HOSTED) or not _is_number(jid.user) or not jid.device:
        raise Garbled(f"{jid} is not a linked device's address by phone number")
    payload = _common(version)
    payload.username = int(jid.user)
    payload.device = jid.device
    payload.passive = True
    payload.pull = True
    payload.lc = 1
    payload.lidDbMigrated = True
    return payload.SerializeToString(deterministic=True)


def read(payload: bytes) -> Registration | Login:
    """What a device said of itself (the server's side). Raises `Garbled`."""
    said = parse(wa.ClientPayload, payload)
    app = said.userAgent.appVersion
    version = (app.primary, app.secondary, app.tertiary)
    if said.HasField("devicePairingData"):
        return _read_registration(said.devicePairingData, version)
    if not said.username or not said.device:
        raise Garbled("a payload names neither keys to register nor a device to log in")
    jid = Jid(user=str(said.username), server=PN, device=said.device)
    return Login(jid=jid, passive=said.passive, pull=said.pull, version=version)


def build_hash(version: Version) -> bytes:
    """MD5 of the version's text, 16 bytes; it protects nothing."""
    return hashlib.md5(".".join(map(str, version)).encode(), usedforsecurity=False).digest()


def version_in(page: str) -> Version | None:
    """The client version named in web.whatsapp.com's page or service worker, None if none is."""
    found = _REVISION.search(page)
    revision = int(found[1]) if found else 0
    return (2, 3000, revision) if 0 < revision < _UINT32 else None


def _common(version: Version) -> wa.ClientPayload:
    primary, secondary, tertiary = version
    return wa.ClientPayload(
        userAgent=wa.UserAgent(
            platform=wa.UserAgent.WEB,
            appVersion=wa.AppVersion(primary=primary, secondary=secondary, tertiary=tertiary),
            mcc="000",
            mnc="000",
            osVersion="0.1",
            manufacturer="",
            device="Desktop",
            osBuildNumber="0.1",
            releaseChannel=wa.UserAgent.RELEASE,
            localeLanguageIso6391="pt",
            localeCountryIso31661Alpha2="BR",
        ),
        webInfo=wa.WebInfo(webSubPlatform=wa.WebInfo.WEB_BROWSER),
        connectType=wa.ClientPayload.WIFI_UNKNOWN,
        connectReason=wa.ClientPayload.USER_ACTIVATED,
    )


def _read_registration(said: wa.DevicePairingRegistrationData, version: Version) -> Registration:
    lengths = tuple(map(len, (said.eRegid, said.eIdent, said.eSkeyId, said.eSkeyVal, said.eSkeySig)))
    if lengths != (4, KEY_BYTES, 3, KEY_BYTES, SIGNATURE_BYTES) or said.eKeytype != KEY_TYPE:
        raise Garbled("a registration's keys have wrong types or lengths")
    if not verify(said.eIdent, KEY_TYPE + said.eSkeyVal, said.eSkeySig):
        raise Garbled("a registration's signed prekey is not signed by its identity")
    return Registration(
        registration_id=int.from_bytes(said.eRegid, "big"),
        identity=said.eIdent,
        signed_prekey_id=int.from_bytes(said.eSkeyId, "big"),
        signed_prekey=said.eSkeyVal,
        signature=said.eSkeySig,
        build_hash=said.buildHash,
        device_props=said.deviceProps,
        version=version,
    )


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and int(text) < 2**64
