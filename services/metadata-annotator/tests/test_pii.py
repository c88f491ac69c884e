import socket

import pytest

from pixelprose.demoworld import lexicon, model_path
from pixelprose.metadata_annotator.masking import mask
from pixelprose.metadata_annotator.pii import PresidioFinder
from pixelprose.metadata_annotator.policy import AnnotationPolicy, PiiPolicy, PiiRule
from pixelprose.metadata_annotator.spacy_pipeline import SpacyPipeline, load_pipeline


@pytest.fixture(scope="module")
def pipeline() -> SpacyPipeline:
    return load_pipeline(str(model_path("spacy")))


@pytest.fixture(scope="module")
def finder(pipeline: SpacyPipeline, policy: AnnotationPolicy) -> PresidioFinder:
    return PresidioFinder(pipeline, policy.pii)


@pytest.mark.parametrize(
    ("text", "published"),
    [
        ("Call 212-555-0187 now.", "Call <PHONE_NUMBER> now."),
        ("Call (123)-456-7890 now.", "Call <PHONE_NUMBER> now."),
        ("Call +44 20 7946 0958.", "Call <PHONE_NUMBER>."),
        ('It reads "sun@example.com".', 'It reads "<EMAIL_ADDRESS>".'),
        ("sun@example.c0m is no address.", "sun@example.c0m is no address."),
        ("SSN 219-09-9998 on a card", "SSN <US_SSN> on a card"),
        ("Card 4111 1111 1111 1111.", "Card <CREDIT_CARD>."),
        ("Card 4111 1111 1111 1112.", "Card 4111 1111 1111 1112."),  # wrong check digit
        ("Server 192.0.2.1 is up.", "Server <IP_ADDRESS> is up."),
        (
            "3 objects: at top-left a large red circle.",
            "3 objects: at top-left a large red circle.",
        ),
    ],
)
def test_what_the_shipped_policy_publishes(
    finder: PresidioFinder, policy: AnnotationPolicy, text: str, published: str
) -> None:
    (found,) = finder.find([text])
    assert mask(text, found, policy.pii.rules).text == published


def test_names_are_found_by_the_pipeline(finder: PresidioFinder) -> None:
    names = [name for split in ("train", "heldout") for name in lexicon.printed("name", split)]
    texts = [
        f'This image displays: 1 object: at top a small red star. It reads "{n}".' for n in names
    ]
    found = [
        {text[one.start : one.end] for one in findings if one.type == "PERSON"}
        for text, findings in zip(texts, finder.find(texts), strict=True)
    ]
    assert sum(name in names_found for name, names_found in zip(names, found, strict=True)) >= 5


def test_only_types_with_a_rule_are_looked_for(pipeline: SpacyPipeline) -> None:
    only = PiiPolicy(
        phone_regions=("US",), rules={"US_SSN": PiiRule(action="mask", minimum_score=0.4)}
    )
    (found,) = PresidioFinder(pipeline, only).find(["212-555-0187 or 219-09-9998"])
    assert {one.type for one in found} == {"US_SSN"}


def test_numbers_without_a_country_are_of_the_regions_of_the_policy(
    pipeline: SpacyPipeline,
) -> None:
    rules = {"PHONE_NUMBER": PiiRule(action="mask", minimum_score=0.4)}
    text = ["Ruf 030 901820 an"]
    german = PresidioFinder(pipeline, PiiPolicy(phone_regions=("DE",), rules=rules))
    american = PresidioFinder(pipeline, PiiPolicy(phone_regions=("US",), rules=rules))
    assert german.find(text) != american.find(text) == [()]


def test_nothing_is_asked_of_the_network(
    finder: PresidioFinder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    (found,) = finder.find(["someone@never-seen-before.org"])
    assert {one.type for one in found} == {"EMAIL_ADDRESS"}


def test_texts_are_answered_in_order_and_none_is_none(finder: PresidioFinder) -> None:
    assert finder.find([]) == []
    nothing, something = finder.find(["", "sun@example.com"])
    assert (len(nothing), len(something)) == (0, 1)


def test_its_model_names_presidio_and_the_pipeline(finder: PresidioFinder) -> None:
    assert finder.model.name == "presidio/demo-spacy"
    assert finder.model.revision.startswith("sha256:")
    assert finder.model.library.startswith("presidio-analyzer ")
