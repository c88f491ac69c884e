"""Tables of the rule lemmatiser: suffixes, exceptions, and an index of known base forms."""

from typing import Final

from spacy.lookups import Lookups

from speaking import words

RULES: Final = {
    "noun": [["ies", "y"], ["ches", "ch"], ["shes", "sh"], ["xes", "x"], ["sses", "ss"], ["s", ""]],
    "verb": [
        ["ies", "y"],
        ["ches", "ch"],
        ["shes", "sh"],
        ["es", "e"],
        ["s", ""],
        ["ied", "y"],
        ["ed", "e"],
        ["ed", ""],
        ["ing", "e"],
        ["ing", ""],
    ],
    "adj": [["iest", "y"], ["est", ""], ["ier", "y"], ["er", ""]],
}


def tables() -> Lookups:
    """The three tables that spaCy's English lemmatiser asks for in its rule mode."""
    lookups = Lookups()
    lookups.add_table("lemma_rules", RULES)
    lookups.add_table("lemma_exc", {"noun": _nouns(), "verb": _verbs()})
    lookups.add_table("lemma_index", _index())
    return lookups


def _nouns() -> dict[str, list[str]]:
    return {many: [one] for one, many in words.IRREGULAR_NOUNS.items()}


def _verbs() -> dict[str, list[str]]:
    forms = {form: [verb] for verb, two in words.IRREGULAR_VERBS.items() for form in two}
    doubled = {words.going(verb): [verb] for verb in words.VERBS if words.going(verb)[:-3] != verb}
    return {**doubled, **forms}


def _index() -> dict[str, list[str]]:
    known = words.CAPTION_CLASSES.items()
    return {
        "noun": [*words.NOUNS, *(word for word, tag in known if tag == "NOUN")],
        "verb": list(words.VERBS),
        "adj": [*words.ADJECTIVES, *(word for word, tag in known if tag == "ADJ")],
    }
