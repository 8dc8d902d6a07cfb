from shards.tenant.stock_aliases import DISTINCT_SUFFIXES, KNOWN_NAMES, MAKE_ALIASES
from shards.tenant.stock_names import squash


def test_the_tables_hold_squashed_names() -> None:
    for name in (*MAKE_ALIASES, *MAKE_ALIASES.values(), *DISTINCT_SUFFIXES, *KNOWN_NAMES):
        assert squash(name) == name


def test_no_alias_leads_to_another() -> None:
    assert not set(MAKE_ALIASES) & set(MAKE_ALIASES.values())
