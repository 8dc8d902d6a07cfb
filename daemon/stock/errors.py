"""What can be wrong with a stock file as a whole; a single bad row is a `Refused`, not an error."""

from daemon.errors import ShowroomError


class StockFileError(ShowroomError):
    """The file cannot be read as stock: truncated, malformed, too large, of an unknown kind. Nothing was changed."""
