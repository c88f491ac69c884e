from pixelprose.cli.captions.tail import tail_configuration
from pixelprose.kafkalog import KafkaSettings
from pixelprose.kafkalog.settings import consumer_configuration

KAFKA = KafkaSettings(bootstrap_servers="b:1")


def test_a_tail_has_what_services_have_and_keeps_no_position_by_itself() -> None:
    found = tail_configuration(KAFKA, group=None)
    beyond = found.items() - consumer_configuration(KAFKA, group="pixelprose-captions").items()
    assert dict(beyond) == {
        "enable.auto.offset.store": False,
        "enable.partition.eof": True,
        "log_level": 0,
    }
    assert found["metadata.recovery.strategy"] == "rebootstrap"
    assert found["auto.offset.reset"] == "error"
    assert found["enable.auto.commit"] is False
