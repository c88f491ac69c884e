"""A store in a folder, for runs that write files as the peer does."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from pixelprose.objectstore import ObjectFacts, ObjectKey, ObjectMissing, ObjectStore


class FolderStore(ObjectStore):
    """Objects as files; a conditional put is an exclusive create."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def prepare(self) -> None:
        """Make the folder."""
        self._folder.mkdir(parents=True, exist_ok=True)

    def get(self, key: ObjectKey) -> bytes:
        """The whole file."""
        try:
            return self._path(key).read_bytes()
        except FileNotFoundError as error:
            raise ObjectMissing(key) from error

    def put(self, key: ObjectKey, data: bytes, *, content_type: str) -> None:
        """Write the file."""
        del content_type
        with self._path(key).open("wb") as file:
            file.write(data)

    def put_if_absent(self, key: ObjectKey, data: bytes, *, content_type: str) -> bool:
        """Create the file, or leave the one that is there."""
        del content_type
        try:
            with self._path(key).open("xb") as file:
                file.write(data)
        except FileExistsError:
            return False
        return True

    def copy(self, source: ObjectKey, target: ObjectKey) -> None:
        """Copy a file."""
        self.put(target, self.get(source), content_type="")

    def delete(self, key: ObjectKey) -> None:
        """Remove the file."""
        self._path(key).unlink(missing_ok=True)

    def stat(self, key: ObjectKey) -> ObjectFacts | None:
        """Size and age of the file."""
        try:
            found = self._path(key).stat()
        except FileNotFoundError:
            return None
        return ObjectFacts(found.st_size, datetime.fromtimestamp(found.st_mtime, UTC))

    def list(self, prefix: str) -> Iterator[ObjectKey]:
        """All files below the prefix."""
        for path in sorted(self._folder.iterdir()):
            key = path.name.replace("!", "/")
            if key.startswith(prefix):
                yield ObjectKey(key)

    def _path(self, key: ObjectKey) -> Path:
        # One folder of files, as the peer has: a folder an image would double the cost.
        return self._folder / key.replace("/", "!")
