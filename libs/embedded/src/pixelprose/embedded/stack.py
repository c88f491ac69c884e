"""Kafka and S3 together, on one data folder."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

from pixelprose.embedded.hanging import watch_hanging
from pixelprose.embedded.jars import JarCache, OnProgress, silent
from pixelprose.embedded.kafka import AfterUncleanStop, EmbeddedKafka
from pixelprose.embedded.lock import load_lock
from pixelprose.embedded.maven import MavenRepository, configured_repositories
from pixelprose.embedded.s3 import EmbeddedS3
from pixelprose.embedded.settings import StackSettings


def open_jars(cache_dir: Path) -> JarCache:
    """The jars under ``cache_dir``, filled from the Maven repositories of this machine."""
    return JarCache(cache_dir / "jars", MavenRepository(configured_repositories()))


class Stack:
    """Both servers: they start together and stop together; a context manager."""

    def __init__(
        self,
        settings: StackSettings,
        *,
        jars: JarCache | None = None,
        on_progress: OnProgress = silent,
        after_unclean_stop: AfterUncleanStop = watch_hanging,
    ) -> None:
        self._jars = jars or open_jars(settings.cache_dir)
        self._on_progress = on_progress
        self.kafka = EmbeddedKafka(
            settings.data_dir / "kafka",
            jars=self._jars,
            settings=settings.kafka,
            after_unclean_stop=after_unclean_stop,
        )
        self.s3 = EmbeddedS3(settings.data_dir / "s3", jars=self._jars, settings=settings.s3)

    def start(self) -> None:
        """Return when both answer; if one fails, none is left running.

        Raises what ``EmbeddedKafka.start`` and ``EmbeddedS3.start`` raise.
        """
        self._jars.fetch(load_lock("kafka"), load_lock("s3"), on_progress=self._on_progress)
        with ThreadPoolExecutor(2) as threads:
            starts = [threads.submit(self.kafka.start), threads.submit(self.s3.start)]
        try:
            for start in starts:
                start.result()
        except BaseException:
            self.stop()
            raise

    def check(self) -> None:
        """Raises ServerFailed if a server has ended by itself."""
        for server in (self.kafka, self.s3):
            if not server.process.is_alive():
                raise server.process.failure("ended by itself")

    def stop(self) -> None:
        """End both cleanly."""
        with ThreadPoolExecutor(2) as threads:
            stops = [threads.submit(self.kafka.stop), threads.submit(self.s3.stop)]
        for stop in stops:
            stop.result()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
