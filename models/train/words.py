"""How well rapidocr's own models read the demo world's words: `python models/train/words.py`.

Nothing is trained: the models ship in rapidocr's wheel. Pictures reach the reader as they reach
the metadata-annotator, which is asked here.
"""

import argparse
import json
import random
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from classifying.drawing import rendition
from classifying.figures import unseen_font
from pixelprose.demoworld import HELDOUT_FROM, Scene, lexicon, render, scene, truth
from pixelprose.demoworld.truth import CLEAR_FROM
from pixelprose.metadata_annotator.settings import WordsSection
from pixelprose.metadata_annotator.words import load_words

SIDES: Final = (96, 128, 256, 384, 512)

CARD: Final = """\
# words in the demo world

No weights lie here: rapidocr's own models ({name}, {library}), which ship in its wheel, read the
demo world's printed words well enough.

- Asked: `load_words` of the metadata-annotator, text looked for in at most {side} pixels.
- Measured: `python models/train/words.py --pictures {pictures} --seed {seed}`; pictures of {sides}
  pixels, JPEG quality 55 to 95.

Share of {shown} clear printed texts that were read exactly (case counts), and what else was read:

| figure | value |
|---|---|
{rows}

They are checks of the plumbing, not a measure of quality on real images.
"""


def clear_scenes(rng: random.Random) -> Iterator[Scene]:
    """Endless scenes that training never sees, in which letters can be read."""
    while True:
        drawn = scene(HELDOUT_FROM + rng.randrange(HELDOUT_FROM))
        if drawn.quality >= CLEAR_FROM and not drawn.watermark:
            yield drawn


def measure(*, count: int, seed: int, side: int) -> dict[str, Any]:
    """Figures over so many clear pictures, with words and without."""
    reader = load_words(WordsSection(detection_side=side))
    rng = random.Random(seed)
    source = clear_scenes(rng)
    shown: Counter[str] = Counter()
    read: Counter[str] = Counter()
    for _ in range(count):
        drawn = next(source)
        picture = rendition(render(drawn, size=rng.choice(SIDES)), rng)
        texts = [word.text for word in reader.read(picture)]
        for group in _groups(drawn):
            shown[group] += 1
            read[group] += bool(texts) if group == "nothing" else _text(drawn) in texts
    kinds = {f"demo_read_{kind}": _share(read, shown, kind) for kind in sorted(shown)}
    invented = kinds.pop("demo_read_nothing")
    return {
        "demo_pictures": count,
        "demo_printed": shown["any"],
        **kinds,
        "demo_words_where_none_are": invented,
    }


def _text(drawn: Scene) -> str:
    lettering = truth(drawn).lettering
    return lettering.value.text if lettering else ""


def _groups(drawn: Scene) -> Sequence[str]:
    if drawn.lettering is None:
        return ("nothing",)
    groups = ["any", drawn.lettering.kind]
    if unseen_font(drawn):
        groups.append("unseen_font")
    if drawn.lettering.text in lexicon.printed(drawn.lettering.kind, "heldout"):
        groups.append("unseen_text")
    return groups


def _share(part: Counter[str], whole: Counter[str], group: str) -> float:
    return round(part[group] / max(1, whole[group]), 4)


def main(arguments: Sequence[str]) -> None:
    """Measure, write the card."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--side", type=int, default=192, help="looks for text in so many pixels")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent.parent / "demo")
    chosen = parser.parse_args(arguments)
    folder = chosen.out / "words"
    folder.mkdir(parents=True, exist_ok=True)
    result = measure(count=chosen.pictures, seed=chosen.seed, side=chosen.side)
    (folder / "figures.json").write_text(json.dumps(result, indent=2) + "\n")
    model = load_words(WordsSection()).model
    card = CARD.format(
        name=model.name,
        library=model.library,
        side=chosen.side,
        pictures=chosen.pictures,
        seed=chosen.seed,
        sides=", ".join(map(str, SIDES)),
        shown=result["demo_printed"],
        rows="\n".join(f"| {k} | {v} |" for k, v in result.items() if isinstance(v, float)),
    )
    (folder / "README.md").write_text(card)
    print(json.dumps(result))


if __name__ == "__main__":
    main(sys.argv[1:])
