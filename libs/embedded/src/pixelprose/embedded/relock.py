"""For maintainers: resolve a server's jars anew and write its lock.

`python -m pixelprose.embedded.relock kafka s3` resolves with jgo, leaves out what the server does
not need, fetches every jar and pins its bytes. Review the difference before you commit it.
"""

import hashlib
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jgo.maven import Dependency, MavenContext

from pixelprose.embedded.lock import Jar, Lock, ServerName, render_lock
from pixelprose.embedded.maven import configured_repositories


@dataclass(frozen=True, slots=True)
class Recipe:
    """Root coordinates, and prefixes of coordinates that stay out."""

    roots: tuple[str, ...]
    without: tuple[str, ...] = ()
    why: str = ""


RECIPES: dict[ServerName, Recipe] = {
    "kafka": Recipe(
        roots=("org.apache.kafka:kafka_2.13:4.3.1", "org.slf4j:slf4j-simple:1.7.36"),
        why="slf4j-simple is the binding without which Kafka's log is mute.",
    ),
    "s3": Recipe(
        roots=("org.gaul:s3proxy:4.1.0",),
        # Its other back ends (Azure, Google, OpenStack, SFTP), and Jetty, which it carries inside.
        without=(
            "com.azure:",
            "com.microsoft.azure:",
            "com.google.android:",
            "com.google.api",
            "com.google.auth:",
            "com.google.cloud",
            "com.google.code.gson:",
            "com.google.http-client:",
            "com.google.jimfs:",
            "com.google.oauth-client:",
            "com.google.protobuf:",
            "com.fasterxml.jackson.core:jackson-core:",
            "com.fasterxml.jackson.core:jackson-databind:",
            "com.fasterxml.jackson.data",
            "com.github.fge:",
            "com.github.openstack4j",
            "com.squareup.",
            "io.grpc:",
            "io.opencensus:",
            "io.opentelemetry.contrib:",
            "io.perfmark:",
            "io.projectreactor:",
            "net.java.dev.jna:",
            "org.apache.httpcomponents:",
            "org.apache.sshd:",
            "org.eclipse.jetty",
            "org.reactivestreams:",
            "org.threeten:",
            "org.yaml:",
        ),
        why="Without its cloud back ends: only a folder is served.",
    ),
}


def resolve(recipe: Recipe, folder: Path) -> Lock:
    """All run-time jars of ``recipe``, fetched into ``folder`` and pinned."""
    context = MavenContext(repo_cache=folder, remote_repos=configured_repositories())
    roots = [_dependency(context, root) for root in recipe.roots]
    inputs, others = context.resolver.resolve(roots)
    wanted = [*inputs, *(other for other in others if other.scope in {"compile", "runtime"})]
    artifacts = [one.artifact for one in wanted]
    return Lock(
        tuple(
            _pin(artifact.groupId, artifact.artifactId, artifact.version, artifact.resolve())
            for artifact in artifacts
            if not f"{artifact.groupId}:{artifact.artifactId}:".startswith(recipe.without)
        )
    )


def main(servers: Sequence[str]) -> None:
    """Write the locks of ``servers``."""
    for server, recipe in RECIPES.items():
        if server not in servers:
            continue
        with tempfile.TemporaryDirectory() as folder:
            lock = resolve(recipe, Path(folder))
        heading = f"{' and '.join(recipe.roots)}, with all they need to run.\n{recipe.why}"
        target = Path(__file__).parent / "locks" / f"{server}.lock"
        target.write_text(render_lock(lock, heading=heading), "utf-8")


def _dependency(context: MavenContext, coordinate: str) -> Dependency:
    group, artifact, version = coordinate.split(":")
    return Dependency(context.project(group, artifact).at_version(version).artifact())


def _pin(group: str, artifact: str, version: str, file: Path) -> Jar:
    data = file.read_bytes()
    return Jar(group, artifact, version, hashlib.sha256(data).hexdigest(), len(data))


if __name__ == "__main__":
    main(sys.argv[1:])
