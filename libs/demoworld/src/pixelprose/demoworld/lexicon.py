"""Every word this world knows, and which of them training never sees."""

from typing import Final, Literal

Split = Literal["train", "heldout"]
SPLITS: Final[tuple[Split, ...]] = ("train", "heldout")

SHAPES: Final = ("circle", "square", "triangle", "star", "cross", "ring")
COLOURS: Final[dict[str, tuple[int, int, int]]] = {
    "red": (218, 38, 40),
    "green": (38, 168, 58),
    "blue": (48, 82, 222),
    "yellow": (242, 214, 36),
    "purple": (146, 50, 180),
    "orange": (244, 136, 28),
}
SIZES: Final = ("large", "small")
PLACES: Final = (
    "top-left",
    "top",
    "top-right",
    "left",
    "center",
    "right",
    "bottom-left",
    "bottom",
    "bottom-right",
)
BACKGROUNDS: Final = ("white", "black", "grey", "striped", "checkered", "gradient")
STYLES: Final = ("flat", "outlined", "photo", "sketch")

_WORDS: Final = (
    "CAT DOG SUN TREE BOOK FISH MOON KIWI LAMP WIND JAZZ OXEN VOLT PLUM ECHO GOLD HAWK QUIZ"
    " BUSY YARN RAIN MILK FROG OPEN SALE TAXI CAFE EXIT BANK PARK ZONE FIRE SNOW LUCK DRUM SHIP"
)
_HELDOUT_WORDS: Final = "BIRD ROSE LAKE WOLF CORN MINT SOAP VINE TOYS HERB"

_PRINTED: Final[dict[str, dict[Split, tuple[str, ...]]]] = {
    "word": {
        "train": tuple(_WORDS.split()),
        "heldout": tuple(_HELDOUT_WORDS.split()),
    },
    "phone": {
        "train": ("212-555-0187", "415-555-0123", "303-555-0164", "617-555-0199"),
        "heldout": ("702-555-0138", "503-555-0176"),
    },
    "email": {
        "train": ("sun@example.com", "office@example.org", "mia@example.net", "zoo@example.com"),
        "heldout": ("kite@example.org", "post@example.com"),
    },
    "name": {
        "train": ("Ada Moss", "Otto Finch", "Mira Dove", "Hugo Wild"),
        "heldout": ("Ines Hart", "Carl Reed"),
    },
}
LETTERING_KINDS: Final = tuple(_PRINTED)

_FONTS: Final[dict[Split, tuple[str, ...]]] = {
    "train": (
        "font_source_sans_pro/files/SourceSansPro-Bold.ttf",
        "font_source_serif_pro/files/SourceSerifPro-Bold.ttf",
        "font_caladea/files/Caladea-Bold.ttf",
        "font_fredoka_one/files/FredokaOne-Regular.ttf",
    ),
    "heldout": (
        "font_manrope/files/Manrope-Bold.ttf",
        "font_hanken_grotesk/files/HankenGrotesk-Bold.otf",
    ),
}

_WATERMARK_STYLES: Final[dict[Split, tuple[str, ...]]] = {
    "train": ("diagonal", "tiled", "corner"),
    "heldout": ("banner",),
}
WATERMARK_TEXTS: Final = ("SAMPLE", "PREVIEW", "STOCK")

SYLLABLES: Final = (
    "Bel Cor Dan Fen Gal Hol Jor Kel Lum Mar Nor Pel Quin Ros Sel Tor Vel Win Yar Zan",
    "a be do fi ga ke li mo nu ra so ti vu",
    "bar dell fort gate ham lin mont nia stad ton via wick",
)
_HELDOUT_STEP: Final = 7  # every seventh name is kept from training


def printed(kind: str, split: Split) -> tuple[str, ...]:
    """The texts of one lettering kind that pictures of `split` may carry."""
    return _PRINTED[kind][split]


def fonts(split: Split) -> tuple[str, ...]:
    """Font files of `split`, as paths inside the installed font packages."""
    return _FONTS[split]


def watermark_styles(split: Split) -> tuple[str, ...]:
    """The overlay styles that watermarks of `split` may have."""
    return _WATERMARK_STYLES[split]


def names(split: Split) -> tuple[str, ...]:
    """Proper names that only an alt text tells: about 2,900 to train with, 480 held out."""
    first, middle, last = (part.split() for part in SYLLABLES)
    every = [a + b + c for a in first for b in ("", *middle) for c in last]
    heldout = split == "heldout"
    return tuple(n for i, n in enumerate(every) if (i % _HELDOUT_STEP == 0) is heldout)
