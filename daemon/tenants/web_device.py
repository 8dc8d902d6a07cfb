"""Our companion device, out of its row and into it: each key sealed by itself."""

from daemon.channels.web.keys import Device
from daemon.tenants.web_seal import FileSeal
from daemon.whatsapp.web.curve import KEY_BYTES, KeyPair
from daemon.whatsapp.web.jid import Jid
from daemon.whatsapp.web.record import SignedPreKey
from shards.session import device as rows
from shards.session.device import DeviceRow
from shards.shard import Tx


def load(tx: Tx, seal: FileSeal) -> Device | None:
    """None before one was made. Raises `SealBroken`."""
    row = rows.load(tx)
    if row is None:
        return None
    signed = seal.open("device.signed_prekey", row.signed_prekey)
    return Device(
        noise=unpacked(seal.open("device.noise", row.noise)),
        identity=unpacked(seal.open("device.identity", row.identity)),
        registration_id=row.registration_id,
        signed_prekey=SignedPreKey(row.signed_id, unpacked(signed), signed[2 * KEY_BYTES :]),
        adv_secret=seal.open("device.adv_secret", row.adv_secret),
        jid=None if row.jid is None else Jid.parse(row.jid),
        lid=None if row.lid is None else Jid.parse(row.lid),
        account=seal.open("device.account", row.account),
        platform=row.platform,
        name=row.name,
        routing_info=row.routing_info,
        paired_at=row.paired_at,
    )


def save(tx: Tx, seal: FileSeal, device: Device) -> None:
    """Make it, or replace all of it. Raises `SealBroken`."""
    signed = device.signed_prekey
    rows.save(
        tx,
        DeviceRow(
            noise=seal.seal("device.noise", packed(device.noise)),
            identity=seal.seal("device.identity", packed(device.identity)),
            signed_prekey=seal.seal("device.signed_prekey", packed(signed.pair) + signed.signature),
            adv_secret=seal.seal("device.adv_secret", device.adv_secret),
            account=seal.seal("device.account", device.account),
            signed_id=signed.id,
            registration_id=device.registration_id,
            jid=None if device.jid is None else str(device.jid),
            lid=None if device.lid is None else str(device.lid),
            platform=device.platform,
            name=device.name,
            routing_info=device.routing_info,
            paired_at=device.paired_at,
        ),
    )


def packed(pair: KeyPair) -> bytes:
    """Both keys: making the public one anew at each use takes longer than opening the seal."""
    return pair.private + pair.public


def unpacked(raw: bytes) -> KeyPair:
    """The pair that `raw` begins with."""
    return KeyPair(raw[:KEY_BYTES], raw[KEY_BYTES : 2 * KEY_BYTES])
