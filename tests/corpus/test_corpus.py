"""The answerer against the corpora: at least 95 of 100 customers are answered right."""

import pytest

from tests.corpus.play import faults, load, title

WANTED_PERCENT = 95
CORPORA = [
    "messages.toml",
    "heldout.toml",
    "heldout_second.toml",
    "heldout_third.toml",
    "stranger.toml",
    "stranger_second.toml",
    "stranger_third.toml",
    "stranger_fourth.toml",
    "everyday.toml",
    "everyday_second.toml",
]


@pytest.mark.parametrize("name", CORPORA)
def test_customers_are_answered_right(name: str) -> None:
    cases = load(name)
    wrong = [(title(case), found) for case in cases if (found := faults(case))]
    percent = 100 * (len(cases) - len(wrong)) / len(cases)
    print(f"\n{name}: {len(cases) - len(wrong)} of {len(cases)} right, {percent:.1f} %")
    for said, found in wrong:
        print(f"  {said}\n    {'; '.join(found)}")
    assert percent >= WANTED_PERCENT


def test_the_corpus_is_large() -> None:
    assert len(load("messages.toml")) >= 150
