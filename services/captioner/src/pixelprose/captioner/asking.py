"""What every adapter does with a request: see that its image is one, ask, draw alike."""

import base64
import hashlib
import io
from typing import Any, Final

from PIL import Image, UnidentifiedImageError

from pixelprose.captioner.port import BrokenImage, CaptionRequest
from pixelprose.records import Sampling

TOO_LONG: Final = frozenset({"input_tokens", "input_text"})
"""What vLLM, and its server, call the parameter at fault when a prompt leaves no room."""


class RequestRefused(Exception):
    """An engine takes no such request, which is this record's own fault; the message says why."""


def picture(request: CaptionRequest) -> Image.Image:
    """Return the request's image, decoded.

    Raises:
        BrokenImage: the bytes are no JPEG.
    """
    try:
        with Image.open(io.BytesIO(request.image), formats=("JPEG",)) as image:
            return image.convert("RGB")
    except (UnidentifiedImageError, OSError) as error:
        raise BrokenImage(str(error)) from error


def conversation(request: CaptionRequest) -> list[dict[str, Any]]:
    """Return the request as OpenAI's chat messages: the bytes themselves, never an address.

    The image comes first: questions about the same image then share their beginning.
    """
    encoded = base64.b64encode(request.image).decode()
    image = {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{encoded}"}}
    return [{"role": "user", "content": [image, {"type": "text", "text": request.prompt}]}]


def seed(request: CaptionRequest) -> int:
    """Return a seed of the policy's seed, the image and the question: alike in any company."""
    digest = hashlib.sha256(f"{request.sampling.seed}\n{request.prompt}\n".encode())
    digest.update(request.image)
    return int.from_bytes(digest.digest()[:8], "big") >> 1


def probe() -> CaptionRequest:
    """Return a small request: whoever answers it can caption."""
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64)).save(buffer, "JPEG")
    greedy = Sampling(temperature=0.0, top_p=1.0, max_tokens=1, seed=0)
    return CaptionRequest(buffer.getvalue(), "Describe this image.", greedy)
