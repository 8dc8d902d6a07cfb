"""Stacks of py-spy to stages."""

import pytest

from tests.bench.stages import OUTSIDE, split, stage_of

RUN = "unrolled_run (/v/site-packages/trio/_core/_run.py:2866)"
DRAIN = "Outbox._drain (/p/daemon/desk/outbox.py:338)"
LEAD = "Shard._lead (/p/shards/shard.py:162)"
APPLY = "Shard._apply (/p/shards/shard.py:230)"


@pytest.mark.parametrize(
    ("frames", "stage"),
    [
        ([RUN], OUTSIDE),
        ([RUN, "Lane.serve (/p/daemon/control/lane.py:130)"], "webhook: HTTP, signature, reading"),
        ([RUN, DRAIN, "run (/v/site-packages/trio/_socket.py:9)"], "send and read mark"),
        ([RUN, "receive (/p/daemon/desk/receive.py:70)"], "receive"),
        ([RUN, "receive (/p/daemon/desk/receive.py:73)", "_status (/p/daemon/desk/receive.py:300)"], "statuses"),
        ([RUN, DRAIN, "info (/p/daemon/logs.py:80)"], "logs"),
    ],
)
def test_a_stack_belongs_to_the_innermost_frame_that_is_known(frames: list[str], stage: str) -> None:
    assert stage_of(frames) == stage


def test_what_a_commit_applies_for_another_is_the_others() -> None:
    assert stage_of([RUN, DRAIN, LEAD, APPLY, "speak (/p/daemon/desk/settle.py:120)"]) == "speak"
    assert stage_of([RUN, DRAIN, LEAD, APPLY, "run (/p/shards/shard.py:49)"]) == "send and read mark"
    assert stage_of([RUN, DRAIN, LEAD]) == "commit, in the loop"


def test_only_the_loops_samples_are_split_and_commit_threads_are_named() -> None:
    folded = "\n".join(
        (
            f"thread (7): MainThread;{RUN};{DRAIN} 3",
            f"thread (7): MainThread;{RUN} 2",
            "thread (9): commits;_run (/p/shards/pump.py:60) 5",
            "thread (8): Trio thread 0;_work (/v/site-packages/trio/_core/_thread_cache.py:9) 4",
        )
    )
    assert split(folded) == ({"send and read mark": 3, OUTSIDE: 2}, {9})
