"""What is measured of every caption, and in which steps it is counted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Measure:
    """A number that every caption has.

    Attributes:
        expression: SQL on the columns of `captions`.
        highest: whatever is above is counted there.
        step: how finely it is counted.
        bins: into how many bars the range is put.
        fits: whether the range shown is only as wide as what is found.
        rare: whether bars are drawn on a logarithmic scale, so that few rows are seen beside many.
    """

    name: str
    title: str
    about: str
    unit: str
    expression: str
    lowest: float
    highest: float
    step: float
    bins: int
    fits: bool = False
    rare: bool = False


@dataclass(frozen=True, slots=True)
class Facet:
    """A word that every caption has, or lacks."""

    name: str
    title: str
    about: str
    expression: str
    lacking: str = "not known"


MEASURES: Final[Sequence[Measure]] = (
    Measure(
        name="words",
        title="Caption length",
        about="Words of a caption.",
        unit="words",
        expression="annotation['linguistics']['words']",
        lowest=0,
        highest=2_000,
        step=1,
        bins=20,
        fits=True,
    ),
    Measure(
        name="aesthetic",
        title="Aesthetic score",
        about="From 1, poor, to 10, excellent.",
        unit="",
        expression="signals['aesthetic']",
        lowest=1,
        highest=10,
        step=0.05,
        bins=18,
    ),
    Measure(
        name="watermark",
        title="Watermark",
        about="Probability that the picture carries one.",
        unit="",
        expression="signals['watermark_scores']['watermark']",
        lowest=0,
        highest=1,
        step=0.01,
        bins=20,
        rare=True,
    ),
    Measure(
        name="toxicity",
        title="Toxicity of the caption",
        about="From 0 to 1, by the classifier.",
        unit="",
        expression="annotation['toxicity']['toxicity']",
        lowest=0,
        highest=1,
        step=0.01,
        bins=20,
        rare=True,
    ),
)
"""The histograms, in the order in which they are shown."""

FACETS: Final[Sequence[Facet]] = (
    Facet("sources", "Sources", "Data set or producer of the URL.", "dataset"),
    Facet("languages", "Languages of captions", "As the policy asked for.", "caption['language']"),
    Facet(
        "alt_languages",
        "Languages of alt texts",
        "As detected in the text.",
        "signals['alt_text']['language']",
        lacking="no alt text",
    ),
    Facet("styles", "Styles", "As the classifier sees the picture.", "signals['style']"),
)
"""The counts by word, in the order in which they are shown."""
