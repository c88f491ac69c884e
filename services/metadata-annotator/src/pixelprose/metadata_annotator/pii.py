"""Personal data in texts by Presidio: patterns, checksums, and names by a spaCy pipeline."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import tldextract
from presidio_analyzer import AnalyzerEngine, EntityRecognizer, RecognizerRegistry
from presidio_analyzer.nlp_engine import NerModelConfiguration, NlpArtifacts, SpacyNlpEngine
from presidio_analyzer.predefined_recognizers import (
    CreditCardRecognizer,
    EmailRecognizer,
    IpRecognizer,
    PhoneRecognizer,
    SpacyRecognizer,
    UsSsnRecognizer,
)
from spacy.tokens import Doc

from pixelprose.checkpoints import installed
from pixelprose.metadata_annotator.policy import PiiPolicy
from pixelprose.metadata_annotator.ports import Finding, PiiFinder
from pixelprose.metadata_annotator.spacy_pipeline import SpacyPipeline
from pixelprose.records import Model

_LANGUAGE: Final = "en"
"""What Presidio calls our one pipeline. The patterns do not depend on a language."""

_PEOPLE: Final = frozenset({"PERSON", "PER"})
"""What spaCy pipelines call people."""

_domains = tldextract.TLDExtract(cache_dir=None, suffix_list_urls=())


class PresidioFinder(PiiFinder):
    """Looks for the types that the policy has rules for, and for nothing else."""

    def __init__(self, pipeline: SpacyPipeline, policy: PiiPolicy) -> None:
        self._pipeline = pipeline
        self._nlp_engine = _LoadedNlpEngine(pipeline)
        recognizers = [_RECOGNIZERS[kind](policy) for kind in policy.rules]
        self._entities = list(policy.rules)
        self._analyzer = AnalyzerEngine(
            registry=RecognizerRegistry(recognizers, supported_languages=[_LANGUAGE]),
            nlp_engine=self._nlp_engine,
            supported_languages=[_LANGUAGE],
        )
        self._model = Model(
            name=f"presidio/{pipeline.model.name}",
            revision=pipeline.model.revision,
            library=installed("presidio-analyzer"),
        )

    @property
    def model(self) -> Model:
        """Presidio with the pipeline that finds names."""
        return self._model

    def find(self, texts: Sequence[str]) -> Sequence[tuple[Finding, ...]]:
        """Everything found in each text."""
        return [
            tuple(
                Finding(one.entity_type, one.start, one.end, min(1.0, one.score))
                for one in self._analyzer.analyze(
                    text,
                    language=_LANGUAGE,
                    entities=self._entities,
                    nlp_artifacts=self._nlp_engine.artifacts(doc),
                )
            )
            for text, doc in zip(texts, self._pipeline.docs(texts), strict=True)
        ]


class _LoadedNlpEngine(SpacyNlpEngine):
    """A pipeline that is loaded already: Presidio's own engine downloads one by name."""

    def __init__(self, pipeline: SpacyPipeline) -> None:
        labels = {label for pipe in pipeline.nlp.pipe_labels.values() for label in pipe}
        super().__init__(
            models=[{"lang_code": _LANGUAGE, "model_name": pipeline.model.name}],
            ner_model_configuration=NerModelConfiguration(
                model_to_presidio_entity_mapping=dict.fromkeys(_PEOPLE, "PERSON"),
                labels_to_ignore=labels - _PEOPLE,
            ),
        )
        self.nlp = {_LANGUAGE: pipeline.nlp}  # type: ignore[assignment] # None until load()

    def artifacts(self, doc: Doc) -> NlpArtifacts:
        """What Presidio needs of a text that was taken apart before."""
        return self._doc_to_nlp_artifact(doc, _LANGUAGE)


class _OfflineEmailRecognizer(EmailRecognizer):
    """Checks domains by the suffix list in the wheel: the inherited check asks the network."""

    def validate_result(self, pattern_text: str) -> bool:
        return bool(_domains(pattern_text).fqdn)


_RECOGNIZERS: Final[Mapping[str, Callable[[PiiPolicy], EntityRecognizer]]] = {
    "PHONE_NUMBER": lambda policy: PhoneRecognizer(supported_regions=policy.phone_regions),
    "EMAIL_ADDRESS": lambda _: _OfflineEmailRecognizer(),
    "US_SSN": lambda _: UsSsnRecognizer(),
    "CREDIT_CARD": lambda _: CreditCardRecognizer(),
    "IP_ADDRESS": lambda _: IpRecognizer(),
    "PERSON": lambda _: SpacyRecognizer(supported_entities=["PERSON"]),
}
