"""What can go wrong with the memo."""

from components.contract.errors import FusarError


class MemoUnreachable(FusarError):
    """The store that FUSAR_MEMO names cannot be read or written."""

    def __init__(self, url: str, cause: str) -> None:
        super().__init__(url, cause)
        self.url = url
        self.cause = cause

    def __str__(self) -> str:
        return f"{self.url}: the memo cannot be used ({self.cause}). Mend access to it, or unset FUSAR_MEMO."
