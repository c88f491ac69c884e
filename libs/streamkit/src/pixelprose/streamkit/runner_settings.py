"""How the loop bounds, times and gives up."""

from pydantic import BaseModel, ConfigDict, Field


class RunnerSettings(BaseModel):
    """Bounds and deadlines of one runner."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_in_flight_per_partition: int = Field(
        default=1_000,
        ge=1,
        description="Records of one partition in the worker or behind one that is",
    )
    max_in_flight: int = Field(
        default=20_000,
        ge=1,
        description="Records read but not committed; half of it finished: commit",
    )
    max_in_flight_bytes: int = Field(
        default=128 * 1024 * 1024, ge=1, description="The same in bytes of keys and values"
    )
    commit_seconds: float = Field(default=0.2, gt=0, description="Time from one commit to the next")
    max_downstream_lag: int | None = Field(
        default=50_000,
        ge=1,
        description="Records that a reader of our outputs may be behind before we wait for it; "
        "null: never wait",
    )
    drain_seconds: float = Field(
        default=25.0, ge=0, description="How long work in flight may go on after SIGTERM"
    )
    unavailable_deadline_seconds: float = Field(
        default=60.0,
        ge=0,
        description="How long a record waits for a dependency before the process stops",
    )
    unavailable_first_wait_seconds: float = Field(
        default=0.1, gt=0, description="Wait after the first failure; it doubles with each"
    )
    unavailable_longest_wait_seconds: float = Field(
        default=5.0, gt=0, description="The longest wait between two tries"
    )
    fuse_in_a_row: int = Field(
        default=50, ge=1, description="Dead letters in a row that stop the service"
    )
    fuse_share: float = Field(
        default=0.5, gt=0, le=1, description="Share of dead letters that stops the service"
    )
    fuse_window: int = Field(
        default=500, ge=1, description="Last records that the share is taken of"
    )
    dead_letter_hold_seconds: float = Field(
        default=60.0,
        ge=0,
        description="How long the dead letter of an unknown error waits for a later success",
    )
    watchdog_seconds: float = Field(
        default=120.0, gt=0, description="A loop that stands still this long ends the process"
    )
