"""The captioner with a canary: `python -m chaos.canary.captioner`."""

import io
from collections.abc import Sequence

from PIL import Image

from chaos.canary.code import MODEL, caption_of, code_of
from pixelprose.captioner.app import assemble
from pixelprose.captioner.port import BrokenImage, Captioner, CaptionRequest, Completion
from pixelprose.captioner.settings import CaptionerSection, CaptionerSettings
from pixelprose.host import Service, run_service
from pixelprose.streamkit import Metrics


class CanaryCaptioner(Captioner):
    """Says which scene the rendition shows."""

    model = MODEL
    engine = "canary"

    def caption(self, requests: Sequence[CaptionRequest]) -> Sequence[Completion]:
        return [_completion(request.image) for request in requests]


def _completion(rendition: bytes) -> Completion:
    try:
        with Image.open(io.BytesIO(rendition), formats=("JPEG",)) as picture:
            text = caption_of(code_of(picture))
    except (OSError, ValueError) as error:
        raise BrokenImage(str(error)) from error
    return Completion(text, prompt_tokens=1, completion_tokens=len(text), finish_reason="stop")


def _load(_section: CaptionerSection) -> Captioner:
    return CanaryCaptioner()


def build(settings: CaptionerSettings, metrics: Metrics) -> Service:
    return assemble(settings, metrics, load=_load)


if __name__ == "__main__":
    run_service("captioner", CaptionerSettings, build)
