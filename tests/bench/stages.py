"""Where a message's CPU goes: py-spy samples the daemon under a steady load, the kernel says what each thread spent.

py-spy reads the process's memory from outside, so nothing of it is in the daemon; where it is not installed or the
kernel refuses (ptrace), the figures are one sentence that says so. A sample belongs to the innermost frame that
`STAGES` knows: a statement counts for whoever asked for it. The share of the loop's samples is multiplied with the CPU
time of its thread.
"""

import math
import shutil
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import trio

from tests.bench.process import Bench, cpu_seconds, thread_cpu_seconds
from tests.bench.traffic import FULL_LOAD, Load, town

PER_SECOND: Final = 100
LOOP: Final = "MainThread"
COMMITS: Final = "commits"
OUTSIDE: Final = "event loop (Trio)"

STAGES: Final[Mapping[str, str]] = {
    "structlog/": "logs",
    "daemon/logs.py": "logs",
    "daemon/control/lane.py": "webhook: HTTP, signature, reading",
    "daemon/control/webhooks.py": "webhook: HTTP, signature, reading",
    "daemon/control/": "webhook: HTTP, signature, reading",
    "daemon/whatsapp/cloud_statuses.py": "statuses",
    "daemon/desk/receive.py:_status": "statuses",
    "shards/tenant/statuses.py:apply": "statuses",
    "daemon/whatsapp/graph": "send and read mark",
    "daemon/whatsapp/": "webhook: HTTP, signature, reading",
    "daemon/desk/receive.py": "receive",
    "daemon/desk/recall.py": "receive",
    "daemon/tenants/reception.py": "receive",
    "daemon/tenants/routing.py": "receive",
    "daemon/desk/settle.py:claim": "claim",
    "daemon/desk/inbox.py": "claim",
    "daemon/desk/fairness.py": "claim",
    "daemon/desk/settle.py": "speak",
    "daemon/desk/outbox.py": "send and read mark",
    "daemon/desk/unsettled.py": "send and read mark",
    "daemon/channels/": "send and read mark",
    "daemon/desk/assistant.py": "turn: prompt, answer",
    "daemon/desk/prompts.py": "turn: prompt, answer",
    "daemon/desk/brief.py": "turn: prompt, answer",
    "daemon/desk/turn.py": "turn: prompt, answer",
    "daemon/providers/": "vendor: SDK and HTTP",
    "anthropic/": "vendor: SDK and HTTP",
    "daemon/desk/tools.py": "tools and stock",
    "daemon/desk/results.py": "tools and stock",
    "shards/tenant/stock": "tools and stock",
    "daemon/tenants/cache.py": "tools and stock",
    "daemon/desk/grounding.py": "grounding",
    "daemon/desk/truth.py": "grounding",
    "daemon/desk/claims.py": "grounding",
    "daemon/desk/hearsay.py": "grounding",
    "daemon/desk/promises.py": "grounding",
    "daemon/desk/naming.py": "grounding",
    "daemon/desk/amounts.py": "grounding",
    "daemon/desk/numerals.py": "grounding",
    "daemon/desk/cues.py": "grounding",
    "daemon/desk/allowance.py": "grounding",
    "daemon/desk/": "turn: prompt, answer",
    "daemon/billing/": "receipts and rollup",
    "shards/tenant/usage.py": "receipts and rollup",
    "shards/central/": "receipts and rollup",
    "shards/shard.py:_lead": "commit, in the loop",
    "shards/shard.py:_commit_brief": "commit, in the loop",
    "shards/pump.py": "commit, in the loop",
    "daemon/metrics.py": "metrics",
    "prometheus_client/": "metrics",
}
"""Part of a path, or `path:function`, to a stage; of those that fit a frame the longest counts."""

Figures = dict[str, Any]


def stage_of(frames: Sequence[str]) -> str:
    """The stage of one stack, outermost frame first, as py-spy writes them: `function (path:line)`."""
    applied = False
    for frame in reversed(frames):
        function, _, place = frame.rpartition(" (")
        path = place.rpartition(":")[0]
        name = f"{path}:{function.rpartition('.')[2]}"
        applied = applied or name.endswith("shards/shard.py:_apply")
        found = [part for part in STAGES if part in name]
        if not found or (applied and "shards/shard.py" in name):
            continue  # what is applied is its writer's, not the commit's
        return STAGES[max(found, key=len)]
    return OUTSIDE


def split(folded: str) -> tuple[Counter[str], set[int]]:
    """Samples of the loop's thread by stage, and the ids of the threads that commit.

    `folded` is py-spy's raw format with threads: `thread (id): name`, the frames joined by `;`, then a count.
    """
    loop, committing = Counter[str](), set[int]()
    for line in folded.splitlines():
        stack, _, count = line.rpartition(" ")
        thread, *frames = stack.split(";")
        number, _, name = thread.removeprefix("thread (").partition("): ")
        if name == LOOP:
            loop[stage_of(frames)] += int(count)
        elif name == COMMITS:
            committing.add(int(number))
    return loop, committing


async def _sampled(daemon: Bench, seconds: float, path: Path) -> str:
    """Sample so long; why it could not be done, or nothing."""
    spy = shutil.which("py-spy", path=f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin")
    if spy is None:
        return "not measured: py-spy is not installed (make setup)"
    command = [
        spy,
        "record",
        "--pid",
        str(daemon.pid),
        "--duration",
        str(math.ceil(seconds)),
        "--rate",
        str(PER_SECOND),
    ]
    command += ["--format", "raw", "--full-filenames", "--threads", "--output", str(path)]
    done = await trio.run_process(command, capture_stdout=True, capture_stderr=True, check=False)
    if done.returncode or not path.exists():
        return f"not measured: {(done.stderr.decode().strip().splitlines() or ['py-spy failed'])[-1]}"
    return ""


async def measured(directory: Path, scale: float) -> Figures:
    """CPU ms a message by stage; their sum is what the kernel counted."""
    messages = max(200, int(2_000 * scale))
    async with town(directory) as shop:
        plain = await shop.load(messages, in_flight=FULL_LOAD)
        path, loads, why = directory / "stacks.txt", list[Load](), ""
        threads, whole = thread_cpu_seconds(shop.daemon.pid), cpu_seconds(shop.daemon.pid)
        async with trio.open_nursery() as both:

            async def load() -> None:
                loads.append(await shop.load(messages, in_flight=FULL_LOAD))

            both.start_soon(load)
            why = await _sampled(shop.daemon, plain.seen.seconds, path)
        spent = cpu_seconds(shop.daemon.pid) - whole
        after = thread_cpu_seconds(shop.daemon.pid)
    found: Figures = {"stages: CPU ms a message, not sampled": plain.cpu_ms}
    if why:
        return {**found, "stages: by stage": why}
    found["stages: CPU ms a message, sampled"] = loads[0].cpu_ms
    samples, committing = split(path.read_text())
    in_loop = after[shop.daemon.pid] - threads[shop.daemon.pid]
    in_commits = sum(after.get(each, 0.0) - threads.get(each, 0.0) for each in committing)
    per_message = 1000 / messages
    parts = {stage: count / samples.total() * in_loop * per_message for stage, count in samples.items()}
    parts["commits, in threads"] = in_commits * per_message
    parts["reads and the rest, in threads"] = (spent - in_loop - in_commits) * per_message
    for stage, ms in sorted(parts.items(), key=lambda part: -part[1]):
        found[f"stages: CPU ms, {stage}"] = ms
    found["stages: samples"] = samples.total()
    return found
