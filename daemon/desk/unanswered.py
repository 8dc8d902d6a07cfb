"""What a person would not answer either. Pure."""

from daemon.desk.brief import Brief


def needs_no_answer(brief: Brief) -> bool:
    """Whether the burst is stickers alone, sent after we had said what there was to say: the conversation is under
    way, and our last message asked nothing."""
    if brief.first_turn or any(line.kind != "sticker" or line.text.strip() for line in brief.burst):
        return False
    ours = [line.text for line in brief.history if line.author != "customer" and line.text.strip()]
    return bool(ours) and "?" not in ours[-1]
