"""Whether vLLM says the captioner's own tokens: transformers answers, then vLLM is asked the same.

    python models/train/parity.py ask --count 128 --folder build/parity
    build/vllm/bin/python models/train/parity.py compare --folder build/parity

vLLM wants other versions of what the services use, so it lives in an environment of its own and
the questions go over a folder; `make parity` does all of it. `compare` fails where a single token
differs.
"""

import argparse
import json
import random
import sys
from pathlib import Path
from typing import Any, Final

from PIL import Image

ROOT: Final = Path(__file__).parents[2]
MAX_TOKENS: Final = 120
BATCH: Final = 32


def ask(*, count: int, seed: int, folder: Path, model: Path) -> None:
    """Write pictures, prompt tokens and what transformers answers, greedily, to the folder."""
    import torch  # noqa: PLC0415 - vLLM sets it up its own way

    from captioning.asking import Captioner  # noqa: PLC0415 - not there beside vLLM
    from captioning.messages import read_policy  # noqa: PLC0415
    from grade import as_published, asked, first_seed  # noqa: PLC0415
    from pixelprose.demoworld import scene  # noqa: PLC0415

    torch.set_num_threads(1)  # twice as many halve the speed of a busy machine
    captioner = Captioner.load(model)
    policy = read_policy(ROOT / "profiles/policies/pixelprose.yaml")
    rng = random.Random(seed)
    first = first_seed(seed)
    folder.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, Any]] = []
    for begin in range(0, count, BATCH):
        scenes = [scene(first + n) for n in range(begin, min(begin + BATCH, count))]
        pictures = [as_published(described, rng) for described in scenes]
        messages = [asked(described, policy, rng)[0] for described in scenes]
        answers = captioner.answers(pictures, messages)
        for picture, message, answer in zip(pictures, messages, answers, strict=True):
            picture.save(folder / f"{len(rows)}.png")
            rows.append({"prompt": captioner.question(message), "tokens": answer})
    (folder / "transformers.json").write_text(json.dumps({"model": str(model), "rows": rows}))


def compare(folder: Path) -> bool:
    """Ask vLLM the folder's questions and print how many answers have the same tokens."""
    from vllm import LLM, SamplingParams, __version__  # type: ignore[import-not-found] # noqa: PLC0415

    said = json.loads((folder / "transformers.json").read_text())
    llm = LLM(
        model=said["model"],
        dtype="float32",
        max_model_len=320,
        max_num_seqs=BATCH,
        limit_mm_per_prompt={"image": 1},
        enforce_eager=True,
        seed=0,
        kv_cache_memory_bytes=64 << 20,
        distributed_executor_backend="uni",
    )
    tokenizer = llm.get_tokenizer()
    requests = [
        {
            "prompt_token_ids": tokenizer(row["prompt"], add_special_tokens=False)["input_ids"],
            "multi_modal_data": {"image": Image.open(folder / f"{n}.png").convert("RGB")},
        }
        for n, row in enumerate(said["rows"])
    ]
    greedy = SamplingParams(temperature=0, max_tokens=MAX_TOKENS)
    outputs = llm.generate(requests, greedy, use_tqdm=False)
    answers = [list(output.outputs[0].token_ids) for output in outputs]
    expected = [row["tokens"] for row in said["rows"]]
    same: int = sum(a == b for a, b in zip(answers, expected, strict=True))
    figures = {
        "demo_captions": len(expected),
        "demo_tokens": sum(map(len, expected)),
        "demo_captions_of_the_same_tokens": same,
        "vllm": __version__,
    }
    print(json.dumps(figures))
    return same == len(expected)


def main() -> int:
    """One of the two halves, each in its own environment."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("half", choices=("ask", "compare"))
    parser.add_argument("--count", type=int, default=128)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=ROOT / "build/parity")
    parser.add_argument("--model", type=Path, default=ROOT / "models/demo/captioner")
    options = parser.parse_args()
    if options.half == "compare":
        return 0 if compare(options.folder) else 1
    ask(count=options.count, seed=options.seed, folder=options.folder, model=options.model)
    return 0


if __name__ == "__main__":
    sys.exit(main())
