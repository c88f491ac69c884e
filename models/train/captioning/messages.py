"""What is said to the captioner: the policy's prompts, and how a message is put together."""

from dataclasses import dataclass
from pathlib import Path

import yaml

ALT_TEXT = "{alt_text}"


@dataclass(frozen=True, slots=True)
class Policy:
    """The texts of a captioning policy; `prompts` maps ids to texts."""

    prompts: dict[str, str]
    hint: str
    absent: str
    opening: str
    absent_opening: str


def read_policy(path: Path) -> Policy:
    """The texts of a policy file.

    Raises:
        KeyError: the file lacks a part that the messages need.
    """
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    return Policy(
        prompts={prompt["id"]: prompt["text"] for prompt in data["prompts"]},
        hint=data["hint"]["text"],
        absent=data["absent"]["text"],
        opening=data["opening"],
        absent_opening=data["absent"]["opening"],
    )


def compose(policy: Policy, prompt: str, *, alt_text: str | None, absent: bool) -> str:
    """The message: the prompt, then the hint if there is an alt text, then the absent request."""
    parts = [policy.prompts[prompt]]
    if alt_text:
        parts.append(policy.hint.replace(ALT_TEXT, alt_text))
    if absent:
        parts.append(policy.absent)
    return " ".join(parts)
