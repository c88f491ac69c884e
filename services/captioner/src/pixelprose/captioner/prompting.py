"""What one image is asked: drawn by its bytes and the policy, the same in every process."""

import hashlib
import unicodedata
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from pixelprose.captioner.policy import ALT_TEXT, Policy, Prompt

# Alt text comes from outside: it must neither close its quotation marks nor spell the tokens of a
# chat template (<image>, [INST], {{ }}).
_TAMED: Final = str.maketrans(
    dict.fromkeys('"\u201c\u201d\u201e\u201f\u00ab\u00bb\u301d\u301e\u301f`', "'")
    | {"<": "(", ">": ")", "[": "(", "]": ")", "{": "(", "}": ")"}
)


@dataclass(frozen=True, slots=True)
class Question:
    """What is sent beside the image, and what of the policy went into it."""

    text: str
    prompt_id: str
    hint_used: bool
    absent_requested: bool


def ask(policy: Policy, *, sha256: str, alt_text: str | None) -> Question:
    """Return the question that these image bytes get under this policy, always the same."""
    prompt = draw_prompt(policy, sha256=sha256)
    hinted = uniform(sha256, policy.hash, "hint") < policy.hint.probability
    absent = uniform(sha256, policy.hash, "absent") < policy.absent.probability
    hint = tame(alt_text or "", max_characters=policy.hint.max_characters) if hinted else ""
    return Question(
        text=compose(policy, prompt, hint=hint, absent=policy.absent.text if absent else ""),
        prompt_id=prompt.id,
        hint_used=bool(hint),
        absent_requested=absent,
    )


def compose(policy: Policy, prompt: Prompt, *, hint: str, absent: str) -> str:
    """Return the prompt, then the hint sentence, then the request for absent things.

    One space between them; what is empty is left out. `hint` is tamed alt text.
    """
    sentence = policy.hint.text.replace(ALT_TEXT, hint) if hint else ""
    return " ".join(part for part in (prompt.text, sentence, absent) if part)


def draw_prompt(policy: Policy, *, sha256: str) -> Prompt:
    """Return one of the policy's prompts, each with its weight's share of all images."""
    bounds = list(accumulate(prompt.weight for prompt in policy.prompts))
    drawn = uniform(sha256, policy.hash, "prompt") * bounds[-1]
    pairs = zip(policy.prompts, bounds, strict=True)
    return next((prompt for prompt, bound in pairs if drawn < bound), policy.prompts[-1])


def uniform(sha256: str, policy_hash: str, purpose: str) -> float:
    """Return a number in [0, 1) that looks random but depends on its arguments alone."""
    digest = hashlib.sha256(f"{sha256}\n{policy_hash}\n{purpose}".encode()).digest()
    return (int.from_bytes(digest[:8], "big") >> 11) / 2**53


def tame(alt_text: str, *, max_characters: int) -> str:
    """Return the alt text as one short line that cannot leave its quotation marks.

    Compatibility forms are folded first (a full-width quote is a quote too); control and invisible
    characters go; a text that is too long ends after a whole word where there is one.
    """
    folded = unicodedata.normalize("NFKC", alt_text)
    visible = "".join(map(_visible, folded)).translate(_TAMED)
    line = " ".join(visible.split())
    if len(line) <= max_characters:
        return line
    cut = line[:max_characters]
    whole, _, _ = cut.rpartition(" ")
    return (cut if line[max_characters] == " " else whole or cut).rstrip()


def _visible(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Cf":
        return ""
    return " " if category[0] in "CZ" else character
