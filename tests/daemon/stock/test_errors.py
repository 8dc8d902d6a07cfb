from daemon.errors import ShowroomError
from daemon.stock.errors import StockFileError


def test_a_broken_file_is_an_error_of_ours_with_its_remedy() -> None:
    error = StockFileError("the file is cut off", "send it again")
    assert isinstance(error, ShowroomError)
    assert str(error) == "the file is cut off: send it again"
