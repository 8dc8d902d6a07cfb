"""The channel without a network: the customer reads the shard through the control API."""

import trio

from daemon.channels.base import Outgoing, Receipt, Report


class SandboxChannel:
    """Takes every message over at once; the same message twice is the same message."""

    kind = "sandbox"

    async def run(self, report: Report, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Always up."""
        report("up", "")
        task_status.started()
        await trio.sleep_forever()

    async def send(self, message: Outgoing) -> Receipt:
        """Never fails."""
        await trio.lowlevel.checkpoint()
        return Receipt(network_id=f"sandbox:{message.id}")

    async def mark_read(self, network_id: str, *, typing: bool) -> None:
        """The page sees the running turn itself."""
        await trio.lowlevel.checkpoint()
