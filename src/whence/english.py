"""English for messages."""


def counted(count: int, noun: str) -> str:
    """Return how many there are of a regular noun.

    >>> counted(1, "row"), counted(0, "row"), counted(12, "usable file")
    ('1 row', '0 rows', '12 usable files')
    """
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
