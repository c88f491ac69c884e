"""The safety-filter with a canary: `python -m chaos.canary.safety_filter`."""

from collections.abc import Mapping, Sequence

from PIL import Image

from chaos.canary.code import MODEL, code_of, is_unsafe
from pixelprose.checkpoints import ImageClassifier
from pixelprose.host import Service, run_service
from pixelprose.safety_filter.app import assemble
from pixelprose.safety_filter.settings import SafetyFilterSection, SafetyFilterSettings
from pixelprose.streamkit import Metrics


class CanaryScorer(ImageClassifier):
    """Unsafe by the rule on the scene's number."""

    model = MODEL
    labels = frozenset({"nsfw", "normal"})

    def classify(self, pictures: Sequence[Image.Image]) -> Sequence[Mapping[str, float]]:
        unsafe = [float(is_unsafe(code_of(image))) for image in pictures]
        return [{"nsfw": score, "normal": 1 - score} for score in unsafe]


def _load(_section: SafetyFilterSection) -> ImageClassifier:
    return CanaryScorer()


def build(settings: SafetyFilterSettings, metrics: Metrics) -> Service:
    return assemble(settings, metrics, load=_load)


if __name__ == "__main__":
    run_service("safety-filter", SafetyFilterSettings, build)
