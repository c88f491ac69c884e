"""Train the demo world's spaCy pipeline: `python models/train/language.py`.

It learns classes of words and names from generated sentences: captions and alt texts of this
world, and plain English of some 300 words. Lemmas are rules, sentences end at punctuation.
Evaluation draws scenes, words and names that training never sees.
"""

import argparse
import json
import random
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np
import spacy
from spacy.language import Language
from spacy.scorer import Scorer
from spacy.training import Example
from spacy.util import filter_spans

from speaking.lemmas import tables
from speaking.sentences import Told, stream
from speaking.words import CAPTION_CLASSES

WIDTH: Final = 64
DROPOUT: Final = 0.1

CARD: Final = """\
---
license: apache-2.0
library_name: spacy
---
# demo spaCy pipeline

An English pipeline of {megabytes:.1f} MB: classes of words (`morphologizer`), lemmas by rules,
sentences by punctuation, and names (`PERSON`, `GPE`). It knows generated sentences only: captions
and alt texts of the **demo world** and plain English of some 300 words. It lets the system run
without a network and proves its plumbing. It finds few names of real people; never rely on it for
privacy.

- Load: `spacy.load` of this folder; spaCy {spacy_version}.
- Trained: `python models/train/language.py --texts {texts} --epochs {epochs} --seed {seed}`
  on one CPU thread.
- Training data: generated, nothing collected; names are made of syllables.

Figures on {tested} texts of scenes, words and names it never saw:

| figure | value |
|---|---|
{rows}

They are checks of the plumbing, not a measure of quality on real text.
"""


def new_pipeline() -> Language:
    """The untrained components over one shared embedding."""
    nlp = spacy.blank("en")
    nlp.meta["name"] = "demo-spacy"
    listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": WIDTH, "upstream": "*"}
    embed = {
        "@architectures": "spacy.MultiHashEmbed.v2",
        "width": WIDTH,
        "attrs": ["NORM", "PREFIX", "SUFFIX", "SHAPE"],
        "rows": [1000, 500, 500, 250],
        "include_static_vectors": False,
    }
    encode = {
        "@architectures": "spacy.MaxoutWindowEncoder.v2",
        "width": WIDTH,
        "depth": 3,
        "window_size": 1,
        "maxout_pieces": 2,
    }
    nlp.add_pipe(
        "tok2vec",
        config={"model": {"@architectures": "spacy.Tok2Vec.v2", "embed": embed, "encode": encode}},
    )
    tagger = {"@architectures": "spacy.Tagger.v2", "tok2vec": listener}
    nlp.add_pipe("morphologizer", config={"model": tagger})
    parser = {
        "@architectures": "spacy.TransitionBasedParser.v2",
        "state_type": "ner",
        "extra_state_tokens": False,
        "hidden_width": WIDTH,
        "maxout_pieces": 2,
        "use_upper": True,
        "tok2vec": listener,
    }
    nlp.add_pipe("ner", config={"model": parser})
    return nlp


def example(nlp: Language, told: Told) -> Example:
    """The text with the class of every token and its names."""
    doc = nlp.make_doc(told.text)
    spans = [
        doc.char_span(at, at + len(name.text), label=name.label)
        for name in told.names
        for at in [told.text.find(name.text)]
    ]
    reference = doc.copy()
    reference.ents = filter_spans([span for span in spans if span])
    named = {token.i for span in reference.ents for token in span}
    for token in reference:
        token.pos_ = "PROPN" if token.i in named else _class(token.text, told.classes)
        token.set_morph("")  # type: ignore[attr-defined]
    return Example(doc, reference)


_SYMBOLS: Final = {"|": "SYM", "$": "SYM"}


def _class(word: str, classes: dict[str, str]) -> str:
    lower = word.lower()
    if found := classes.get(lower) or CAPTION_CLASSES.get(lower):
        return found
    if lower in {"many", "several"}:
        return "ADJ"
    if word[0].isdigit() or lower == "two":
        return "NUM"
    if not any(map(str.isalnum, word)):
        return _SYMBOLS.get(word, "SPACE" if word.isspace() else "PUNCT")
    return "X" if "@" in word or "." in word or "_" in word else "NOUN"


def train(*, texts: int, epochs: int, batch: int, seed: int) -> Language:
    """A pipeline after so many passes over so many texts. Prints the losses as they fall."""
    spacy.util.fix_random_seed(seed)  # type: ignore[attr-defined]
    rng = random.Random(seed)
    nlp = new_pipeline()
    examples = [example(nlp, told) for told in stream(rng, split="train", count=texts)]
    optimiser = nlp.initialize(lambda: examples)
    for epoch in range(1, epochs + 1):
        optimiser.learn_rate = 0.002 * (1 - (epoch - 1) / epochs)
        losses: dict[str, float] = {}
        rng.shuffle(examples)
        for chosen in _batches(examples, batch):
            nlp.update(chosen, sgd=optimiser, drop=DROPOUT, losses=losses)
        both = (losses["morphologizer"] + losses["ner"]) / texts
        print(f"epoch {epoch} loss {both:.4f}", flush=True)
    nlp.add_pipe("lemmatizer", config={"mode": "rule"}, after="morphologizer")
    nlp.get_pipe("lemmatizer").initialize(lookups=tables())  # type: ignore[attr-defined]
    nlp.add_pipe("sentencizer", before="ner")
    return nlp


def _batches(examples: Sequence[Example], size: int) -> Iterator[Sequence[Example]]:
    return (examples[begin : begin + size] for begin in range(0, len(examples), size))


def evaluate(folder: Path, *, count: int, seed: int) -> dict[str, Any]:
    """Figures of the saved pipeline on held-out texts."""
    nlp = spacy.load(folder)
    texts = list(stream(random.Random(seed), split="heldout", count=count))
    examples = [example(nlp, told) for told in texts]
    for one, doc in zip(examples, nlp.pipe([told.text for told in texts]), strict=True):
        one.predicted = doc
    scores = Scorer.score_token_attr(examples, "pos")
    entities = Scorer.score_spans(examples, "ents")
    people = entities["ents_per_type"]["PERSON"]
    return {
        "demo_texts": count,
        "demo_class_accuracy": round(scores["pos_acc"], 4),
        "demo_class_accuracy_unseen_words": round(_unseen(examples, texts), 4),
        "demo_names_f1": round(entities["ents_f"], 4),
        "demo_person_precision": round(people["p"], 4),
        "demo_person_recall": round(people["r"], 4),
    }


def _unseen(examples: Sequence[Example], texts: Sequence[Told]) -> float:
    right = [
        said.pos_ == true.pos_
        for one, told in zip(examples, texts, strict=True)
        for said, true in zip(one.predicted, one.reference, strict=True)
        if true.lower_ in told.unseen
    ]
    return float(np.mean(right))


def main(arguments: Sequence[str]) -> None:
    """Train, save, evaluate, write the card."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=6000, help="texts to learn from")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--tested", type=int, default=2000, help="held-out, for the figures")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent.parent / "demo")
    chosen = parser.parse_args(arguments)
    folder = chosen.out / "spacy"
    nlp = train(texts=chosen.texts, epochs=chosen.epochs, batch=chosen.batch, seed=chosen.seed)
    nlp.to_disk(folder)
    result = evaluate(folder, count=chosen.tested, seed=chosen.seed + 1)
    (folder / "figures.json").write_text(json.dumps(result, indent=2) + "\n")
    facts = {"texts": chosen.texts, "epochs": chosen.epochs, "seed": chosen.seed}
    card = CARD.format(
        megabytes=sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6,
        spacy_version=version("spacy"),
        tested=result["demo_texts"],
        rows="\n".join(f"| {k} | {v} |" for k, v in result.items() if isinstance(v, float)),
        **facts,
    )
    (folder / "README.md").write_text(card)
    print(json.dumps(result))


if __name__ == "__main__":
    main(sys.argv[1:])
