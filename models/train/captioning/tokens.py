"""The captioner's own vocabulary: few tokens per message, so that a small model reads them fast."""

import random
import re
from collections.abc import Iterator
from typing import Final

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from captioning.messages import ALT_TEXT, Policy, compose
from pixelprose.demoworld import alt_text, captions, lexicon, scene

SPECIAL: Final = ("<pad>", "<s>", "</s>", "<image>", "<user>", "<assistant>")
CHAT_TEMPLATE: Final = (
    "{{ bos_token }}{% for m in messages %}"
    "{% if m['role'] == 'assistant' %}<assistant>{% else %}<user>{% endif %}"
    "{% if m['content'] is string %}{{ m['content'] }}{% else %}{% for c in m['content'] %}"
    "{% if c['type'] in ['image', 'image_url'] %}<image>"
    "{% elif c['type'] == 'text' %}{{ c['text'] }}{% endif %}{% endfor %}{% endif %}"
    "{% if m['role'] == 'assistant' %}{{ eos_token }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)
_VOCABULARY: Final = 900
_SAMPLES: Final = 6000
# A small word and the one after it are one piece ("at top-left", "a large"): captions get shorter.
_PIECES: Final = (
    r" ?(?:at|a|an|is|of|The|the|It|Its) [a-z]+(?:-[a-z]+)?| ?[A-Za-z]+(?:-[a-z]+)?| ?\d"
    r"| ?[^\sA-Za-z\d]|\s+"
)


def phrases(policy: Policy) -> list[str]:
    """Texts that are always said in one piece, and so are one token each."""
    before, after = f" {policy.hint}".split(ALT_TEXT)
    found = [f" {policy.absent}", before, after, policy.opening, f" {policy.absent_opening}"]
    for text in policy.prompts.values():
        first, *rest = re.split(r"(?<=[.]) ", text)
        found += [first, *(f" {sentence}" for sentence in rest)]
    for kind in ("phone", "email", "name"):
        found += lexicon.printed(kind, "train")
    return sorted(set(found))


def train_tokenizer(policy: Policy) -> PreTrainedTokenizerFast:
    """A byte-level BPE over the world's captions; any other text falls back to smaller pieces."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_PIECES), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=_VOCABULARY,
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        min_frequency=8,
        show_progress=False,
    )
    tokenizer.train_from_iterator(_corpus(policy), trainer)
    tokenizer.add_tokens([AddedToken(text, normalized=False) for text in phrases(policy)])
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        bos_token="<s>",  # noqa: S106 - a word of the vocabulary
        eos_token="</s>",  # noqa: S106
        pad_token="<pad>",  # noqa: S106
        additional_special_tokens=["<image>", "<user>", "<assistant>"],
        chat_template=CHAT_TEMPLATE,
        model_max_length=512,
        clean_up_tokenization_spaces=False,
    )


def _corpus(policy: Policy) -> Iterator[str]:
    """Captions and alt texts; names come apart into syllables, so that unseen ones are spelt."""
    known = [text for text in phrases(policy) if len(text) > len(policy.opening)]
    for seed in range(_SAMPLES):
        described = scene(seed)
        text = captions.say(described, captions.prompts()[seed % 5], closing=seed % 3 == 0)
        for phrase in known:
            text = text.replace(phrase, "")
        yield text
        alt = alt_text(described)
        yield alt.replace(described.alt.title or "\0", "")
    syllables = [part.split() for part in lexicon.SYLLABLES]
    for _ in range(20):
        yield from (part for place in syllables for part in place)
        yield from (f" {part}" for part in syllables[0])
        yield " It is called"
    rng = random.Random(0)
    yield compose(policy, rng.choice(list(policy.prompts)), alt_text=None, absent=False)
