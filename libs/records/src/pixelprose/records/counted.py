"""Numbers of things in words."""


def counted(number: int, what: str) -> str:
    """Return `1 row`, or `2,000 rows`; `what` is a word, or words, that take an s."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
