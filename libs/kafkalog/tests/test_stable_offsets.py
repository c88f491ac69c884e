from pixelprose.kafkalog.stable_offsets import (
    STALLED_SECONDS,
    Behind,
    Standstill,
    advice,
)

ONE = Behind(("in", 0), 10, 12)


def test_a_partition_that_stands_still_is_timed_from_the_first_look() -> None:
    still = Standstill()
    assert still.seconds([ONE], now=100.0) == 0.0
    assert still.seconds([ONE], now=110.0) == 10.0
    assert still.seconds([Behind(ONE.lane, 10, 500)], now=180.0) == 80.0 > STALLED_SECONDS


def test_a_busy_topic_with_ever_new_transactions_does_not_stand_still() -> None:
    still = Standstill()
    for look in range(100):
        moved = Behind(ONE.lane, look, look + 5)
        assert still.seconds([moved], now=10.0 * look) == 0.0


def test_one_that_went_on_is_timed_anew() -> None:
    still = Standstill()
    still.seconds([ONE], now=0.0)
    assert still.seconds([], now=50.0) == 0.0
    assert still.seconds([ONE], now=60.0) == 0.0
    assert still.seconds([ONE], now=70.0) == 10.0


def test_the_longest_of_all_partitions_counts() -> None:
    still = Standstill()
    other = Behind(("in", 1), 7, 9)
    still.seconds([ONE], now=0.0)
    still.seconds([ONE, other], now=10.0)
    assert still.seconds([ONE, other], now=20.0) == 20.0


def test_the_advice_names_the_transaction() -> None:
    said = advice(ONE, servers="kafka:9092")
    assert "--bootstrap-server kafka:9092 abort --topic in --partition 0 --start-offset 10" in said
