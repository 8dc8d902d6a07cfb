from shards.session import privacy_tokens
from shards.session.privacy_tokens import TokenRow
from tests.support.session import SessionFile


def test_a_token_is_replaced(file: SessionFile) -> None:
    assert file(privacy_tokens.load, "222") is None
    file(privacy_tokens.save, "222", TokenRow(token=b"1", received_at=5, issued_at=0))
    newer = TokenRow(token=b"2", received_at=6, issued_at=7)
    file(privacy_tokens.save, "222", newer)
    assert file(privacy_tokens.load, "222") == newer
    assert file(privacy_tokens.load, "2222") is None
