"""Captions by vLLM's engine in this process: one process, one GPU, one captioner."""

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

from pixelprose.captioner.asking import TOO_LONG, RequestRefused, conversation, picture, probe, seed
from pixelprose.captioner.port import Captioner, CaptionRequest, Completion
from pixelprose.captioner.settings import CaptionerSection
from pixelprose.checkpoints import Checkpoint, installed
from pixelprose.records import Model
from pixelprose.streamkit import ExitCode, Stop, Unavailable

# vLLM is an extra of heavy weight, and not typed for us.
Llm: TypeAlias = Any
_DEPENDENCY: Final = "vllm"


class VllmCaptioner(Captioner):
    """Hands all requests of a call to the engine, which batches them as they fit."""

    def __init__(
        self,
        llm: Llm,
        *,
        checkpoint: Checkpoint,
        device: str,
        release: str,
        sampling: Callable[[CaptionRequest], object],
    ) -> None:
        self._llm = llm
        self._sampling = sampling
        library = f"vllm {release}"
        self._model = Model(name=checkpoint.name, revision=checkpoint.revision, library=library)
        kind = str(llm.model_config.dtype).removeprefix("torch.")
        self._engine = f"{library}, {installed('torch')}, {device}, {kind}"

    @property
    def model(self) -> Model:
        """Name, revision and library."""
        return self._model

    @property
    def engine(self) -> str:
        """Library, device and precision."""
        return self._engine

    def caption(self, requests: Sequence[CaptionRequest]) -> Sequence[Completion]:
        """Return one completion per request, in order.

        Raises:
            BrokenImage: an image is no JPEG.
            RequestRefused: the engine does not take one of them.
            Unavailable: the engine has died; the process is to be started again.
        """
        from vllm.exceptions import VLLMServerError, VLLMValidationError  # type: ignore[import-not-found,unused-ignore] # noqa: PLC0415 - an extra

        for request in requests:
            picture(request)
        try:
            outputs = self._llm.chat(
                [conversation(request) for request in requests],
                [self._sampling(request) for request in requests],
                use_tqdm=False,
            )
        except VLLMValidationError as error:
            if len(requests) > 1:
                return [self.caption([request])[0] for request in requests]
            if error.parameter in TOO_LONG:
                return [Completion("", error.value or 0, 0, "length")]
            raise RequestRefused(str(error)) from error
        except VLLMServerError as error:
            raise Unavailable(_DEPENDENCY, str(error)) from error
        return [_completion(output) for output in outputs]


def load_vllm(checkpoint: Checkpoint, section: CaptionerSection) -> VllmCaptioner:
    """Return the captioner of a checkpoint in vLLM, after it has answered once.

    Nothing is downloaded, no code of the checkpoint runs, and weights are read from safetensors.

    Raises:
        Stop: vLLM is not installed, or the checkpoint cannot be loaded or does not caption.
    """
    try:
        import torch  # noqa: PLC0415 - takes seconds
        from vllm import LLM, SamplingParams, __version__  # type: ignore[import-not-found,unused-ignore] # noqa: PLC0415 - an extra
        from vllm.exceptions import VLLMError  # type: ignore[import-not-found,unused-ignore] # noqa: PLC0415 - as above
    except ImportError as error:
        detail = f"captioner.engine is vllm, which is not installed (pip install vllm): {error}"
        raise Stop(ExitCode.BAD_CONFIGURATION, detail) from error

    def sampling(request: CaptionRequest) -> object:
        asked = request.sampling
        return SamplingParams(
            temperature=asked.temperature,
            top_p=asked.top_p,
            max_tokens=asked.max_tokens,
            seed=seed(request),
        )

    device = "cuda" if torch.cuda.is_available() else "cpu"
    broken = (OSError, ValueError, RuntimeError, KeyError, TypeError, RequestRefused, VLLMError)
    try:
        llm = LLM(model=str(checkpoint.folder), **_options(section))
        captioner = VllmCaptioner(
            llm, checkpoint=checkpoint, device=device, release=__version__, sampling=sampling
        )
        captioner.caption([probe()])
    except broken as error:
        detail = f"model {checkpoint.name} in {checkpoint.folder} cannot caption in vLLM: {error}"
        raise Stop(ExitCode.BAD_CONFIGURATION, detail) from error
    return captioner


def _options(section: CaptionerSection) -> dict[str, Any]:
    return {
        "dtype": section.dtype,
        "load_format": "safetensors",
        "trust_remote_code": False,
        "generation_config": "vllm",  # of the checkpoint's own sampling nothing is used
        "max_model_len": section.vllm.context_tokens,
        "max_num_seqs": section.batch_size,
        "gpu_memory_utilization": section.vllm.memory_share,
        "kv_cache_memory_bytes": section.vllm.cache_bytes,
        "limit_mm_per_prompt": {"image": 1},
        "seed": 0,
    }


def _completion(output: Any) -> Completion:  # noqa: ANN401 - vLLM's own type
    said = output.outputs[0]
    return Completion(
        text=said.text.strip(),
        prompt_tokens=len(output.prompt_token_ids),
        completion_tokens=len(said.token_ids),
        finish_reason="length" if said.finish_reason == "length" else "stop",
    )
