from typing import get_type_hints

import attrs

from daemon.control.rules import RULES


def test_every_rule_is_of_a_field() -> None:
    for kind, rules in RULES.items():
        names = set(get_type_hints(kind))
        unknown = {name.removesuffix("[]") for name in rules} - names
        allowed = {"access_token"} if kind.__name__ == "ChannelProfile" else set()
        assert unknown <= allowed, kind


def test_every_default_is_within_its_rule() -> None:
    for kind, rules in RULES.items():
        for one in attrs.fields(kind):
            rule = rules.get(one.name)
            if rule is not None and one.default is not attrs.NOTHING and not isinstance(one.default, attrs.Factory):  # type: ignore[arg-type]
                assert rule.fault(one.default) == "", (kind, one.name)
