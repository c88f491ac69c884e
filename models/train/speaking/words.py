"""Ordinary words by class, and the words of the demo world's captions."""

from typing import Final

from pixelprose.demoworld import lexicon


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


NOUNS: Final = _words(
    "apple arm bag ball bell bench bird boat bottle bowl boy branch bridge bucket building bus"
    " cake camera candle car card cat chair child clock cloud coat corner cow crowd cup curtain"
    " desk dog door dress engine face farm fence field fire flag floor flower fork frame garden"
    " gate girl glass grass guitar hand hat hill horse house island jacket kitchen knife lady"
    " lake lamp leaf letter light machine man map market mirror mountain mouse table path"
    " pencil person phone piano plant plate river road rock roof room rope sail scarf school"
    " ship shirt shoe shop sign sky snow sofa song spoon station stone street sweater tower toy"
    " train tree truck village wall watch wave wheel window woman wood"
)
VERBS: Final = _words(
    "bake bring build buy call carry catch chase climb close cook cover cross cut draw drink"
    " drive eat enter find follow give hang hold jump keep kick lead lean leave lift look make"
    " move open paint pass play pull push reach read ride run sell show sing sit sleep stand"
    " swim take throw touch turn visit wait walk wash watch wear write"
)
ADJECTIVES: Final = _words(
    "ancient big bold broken busy clean cold cosy dry dusty early empty famous fresh friendly"
    " full gentle happy heavy high huge late lazy long loud low modern narrow new old pale"
    " plain proud quick quiet rich round rusty sad sharp shiny short silent simple slow strange"
    " strong sunny tall thin tiny warm wet wide wild wooden young"
)
ADVERBS: Final = _words("again always early here later never now often outside slowly soon")
PREPOSITIONS: Final = _words("above behind beside beyond from in near on over under with")
DETERMINERS: Final = _words("a the this that every some another")
PRONOUNS: Final = _words("he she it they we you")
FIRST_NAMES: Final = _words(
    "Ada Otto Mira Hugo Lena Ivo Nora Emil Clara Bruno Ruth Felix Alma Oskar Vera Jonas"
)
HELDOUT_EVERY: Final = 6
"""Every sixth ordinary word is kept from training."""

IRREGULAR_NOUNS: Final = {
    "child": "children",
    "man": "men",
    "woman": "women",
    "person": "people",
    "mouse": "mice",
    "leaf": "leaves",
    "knife": "knives",
    "scarf": "scarves",
}
IRREGULAR_VERBS: Final = {
    "bring": ("brought", "brought"),
    "build": ("built", "built"),
    "buy": ("bought", "bought"),
    "catch": ("caught", "caught"),
    "cut": ("cut", "cut"),
    "draw": ("drew", "drawn"),
    "drink": ("drank", "drunk"),
    "drive": ("drove", "driven"),
    "eat": ("ate", "eaten"),
    "find": ("found", "found"),
    "give": ("gave", "given"),
    "hang": ("hung", "hung"),
    "hold": ("held", "held"),
    "keep": ("kept", "kept"),
    "lead": ("led", "led"),
    "leave": ("left", "left"),
    "make": ("made", "made"),
    "read": ("read", "read"),
    "ride": ("rode", "ridden"),
    "run": ("ran", "run"),
    "sell": ("sold", "sold"),
    "show": ("showed", "shown"),
    "sing": ("sang", "sung"),
    "sit": ("sat", "sat"),
    "sleep": ("slept", "slept"),
    "stand": ("stood", "stood"),
    "swim": ("swam", "swum"),
    "take": ("took", "taken"),
    "throw": ("threw", "thrown"),
    "wear": ("wore", "worn"),
    "write": ("wrote", "written"),
}

_CAPTION_WORDS: Final = {
    "ADJ": (
        *lexicon.COLOURS,
        *lexicon.SIZES,
        *_words("white black grey striped checkered bright dark calm orderly playful soft flat"),
        *_words("outlined free best more"),
    ),
    "NOUN": (
        *lexicon.SHAPES,
        *_words("image object objects shape shapes part parts background ground mood medium"),
        *_words("composition writing foreground style list all count text backdrop drawing"),
        *_words("photo sketch gradient top left right bottom center trip day south morning"),
        *_words("picture download price shop"),
    ),
    "VERB": _words("displays reads lettered written seen shown called welcome click enlarge buy"),
    "AUX": ("is",),
    "DET": _words("this a an the"),
    "ADP": _words("at of on to from in by behind with"),
    "PRON": _words("it its there our"),
    "CCONJ": ("and",),
    "PART": ("not",),
    "ADV": ("now",),
}
CAPTION_CLASSES: Final = {word: tag for tag, group in _CAPTION_WORDS.items() for word in group}
"""The class of each word of captions and alt texts, names and numbers aside."""


def kept(words: tuple[str, ...], *, split: str) -> tuple[str, ...]:
    """The words of one half: five of six to train with, the sixth held out."""
    heldout = split == "heldout"
    return tuple(w for i, w in enumerate(words) if (i % HELDOUT_EVERY == 0) is heldout)


def plural(noun: str) -> str:
    """More than one of it."""
    if noun in IRREGULAR_NOUNS:
        return IRREGULAR_NOUNS[noun]
    if noun.endswith(("s", "ch", "sh", "x")):
        return noun + "es"
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + "s"


def third(verb: str) -> str:
    """What he or she does."""
    if verb.endswith(("s", "ch", "sh", "x")):
        return verb + "es"
    return verb[:-1] + "ies" if verb.endswith("y") and verb[-2] not in "aeiou" else verb + "s"


def past(verb: str) -> str:
    """What he or she did."""
    if verb in IRREGULAR_VERBS:
        return IRREGULAR_VERBS[verb][0]
    if verb.endswith("e"):
        return verb + "d"
    return verb[:-1] + "ied" if verb.endswith("y") and verb[-2] not in "aeiou" else verb + "ed"


def going(verb: str) -> str:
    """What he or she is doing."""
    if verb.endswith("e"):
        return verb[:-1] + "ing"
    doubled = verb in {"cut", "run", "sit", "swim"}
    return verb + (verb[-1] if doubled else "") + "ing"
