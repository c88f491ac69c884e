"""What an object store can answer besides yes, named by who must act.

StoreError
├── ObjectMissing     the key holds nothing: the caller decides what that means
├── StoreUnavailable  the store's fault, for now: try the same call again later
└── StoreRefused      the setup's fault: a human must change settings, rights or the store
    └── StoreLacks    this kind of server has no such call
"""


class StoreError(Exception):
    """Any failure of an object store."""


class ObjectMissing(StoreError):
    """No object lies under ``key``."""

    def __init__(self, key: str) -> None:
        super().__init__(f"no object under {key!r}")
        self.key = key


class StoreUnavailable(StoreError):
    """The store did not answer, or could not do it now; the same call may succeed later.

    A call that writes may have been carried out all the same: only the answer is missing.
    """


class StoreRefused(StoreError):
    """The store said no and will say it again until credentials, bucket or server change."""


class StoreLacks(StoreRefused):
    """The server knows no such call, whoever asks it."""
