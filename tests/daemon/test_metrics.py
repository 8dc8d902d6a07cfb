from daemon.metrics import Metrics


def told(metrics: Metrics) -> None:
    metrics.turn("auto-sul", "settled", 0.5)
    metrics.provider("anthropic", 1.0)
    metrics.provider_failed("openai", "timeout", 30)
    metrics.tokens("auto-sul", "anthropic", "input", 120)
    metrics.sample_gauges("channels", "Channels.", ("kind", "state"), lambda: {("cloud", "up"): 3})
    metrics.copy_age(12)
    metrics.resent("auto-sul")
    metrics.sample_counters("webhooks", "Webhooks.", ("result",), lambda: {("stored",): 1})
    metrics.ignored("group")
    metrics.message("auto-sul", "in", "text")
    metrics.send("auto-sul", "sent")
    metrics.tenant_restarted("auto-sul")
    metrics.sample_gauge("parked_items", "Items that wait for their shard.", lambda: 4)
    metrics.sample_counter("shard_commits", "Commits.", lambda: 7)


def lines(metrics: Metrics) -> set[str]:
    return {line for line in metrics.render().decode().splitlines() if not line.startswith("#")}


def test_all_that_was_told_is_rendered() -> None:
    metrics = Metrics()
    told(metrics)
    assert lines(metrics) >= {
        'showroomd_turns_total{outcome="settled",tenant="auto-sul"} 1.0',
        "showroomd_turn_seconds_count 1.0",
        'showroomd_provider_seconds_count{provider="openai"} 1.0',
        'showroomd_provider_errors_total{provider="openai",reason="timeout"} 1.0',
        'showroomd_provider_tokens_total{kind="input",provider="anthropic",tenant="auto-sul"} 120.0',
        'showroomd_channels{kind="cloud",state="up"} 3.0',
        "showroomd_copy_age_seconds 12.0",
        'showroomd_resends_total{tenant="auto-sul"} 1.0',
        'showroomd_webhooks_total{result="stored"} 1.0',
        'showroomd_ignored_items_total{reason="group"} 1.0',
        'showroomd_messages_total{direction="in",kind="text",tenant="auto-sul"} 1.0',
        'showroomd_sends_total{result="sent",tenant="auto-sul"} 1.0',
        'showroomd_tenant_restarts_total{tenant="auto-sul"} 1.0',
        "showroomd_parked_items 4.0",
        "showroomd_shard_commits_total 7.0",
    }


def test_with_many_tenants_their_names_are_left_out() -> None:
    metrics = Metrics(per_tenant=False)
    told(metrics)
    assert "auto-sul" not in metrics.render().decode()
    assert 'showroomd_turns_total{outcome="settled",tenant=""} 1.0' in lines(metrics)


def test_there_is_no_copys_age_before_there_is_a_copy() -> None:
    assert b"copy_age" not in Metrics().render()


def test_two_daemons_in_a_process_share_nothing() -> None:
    one, other = Metrics(), Metrics()
    one.ignored("group")
    assert 'reason="group"' in one.render().decode()
    assert 'reason="group"' not in other.render().decode()
