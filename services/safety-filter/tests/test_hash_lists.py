import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixelprose.safety_filter.hash_list import HashLists
from pixelprose.safety_filter.hash_list_file import HashListFile

HASHES = st.integers(0, 2**256 - 1)


def listed(
    *pdq: int, name: str = "test", sha256: tuple[str, ...] = (), version: str = "7"
) -> HashListFile:
    entries = len(pdq) + len(sha256)
    hashes = tuple(f"{value:064x}" for value in pdq)
    return HashListFile(
        name=name, version=version, date=None, entries=entries, pdq=hashes, sha256=sha256
    )


@given(st.lists(HASHES, min_size=1, max_size=20), HASHES, st.integers(0, 127))
def test_a_hit_is_the_nearest_hash_by_counting_bits(
    known: list[int], wanted: int, reach: int
) -> None:
    nearest = min((one ^ wanted).bit_count() for one in known)
    hits = HashLists([listed(*known)]).hits(sha256="", pdq=f"{wanted:064x}", reach=reach)
    assert [hit.distance for hit in hits] == ([nearest] if nearest <= reach else [])


@pytest.mark.parametrize(("bits", "found"), [(31, True), (32, False)])
def test_the_reach_itself_is_still_a_hit(bits: int, *, found: bool) -> None:
    lists = HashLists([listed(0)])
    assert bool(lists.hits(sha256="", pdq=f"{(1 << bits) - 1:064x}", reach=31)) is found


def test_the_same_bytes_are_a_hit_at_distance_nought_whatever_their_pdq() -> None:
    lists = HashLists([listed(sha256=("ab" * 32,))])
    (hit,) = lists.hits(sha256="ab" * 32, pdq="0" * 64, reach=0)
    assert hit.distance == 0
    assert lists.hits(sha256="cd" * 32, pdq="0" * 64, reach=127) == ()


def test_every_list_that_holds_the_image_is_named() -> None:
    read = [listed(0, name="one"), listed(1, 2**200, name="two"), listed(2**128 - 1, name="far")]
    hits = HashLists(read).hits(sha256="", pdq="0" * 64, reach=31)
    assert [(hit.listed_in.name, hit.distance) for hit in hits] == [("one", 0), ("two", 1)]
    assert [(one.name, one.version, one.entries) for one in HashLists(read).lists] == [
        ("one", "7", 1),
        ("two", "7", 2),
        ("far", "7", 1),
    ]


@pytest.mark.parametrize("pdq", ["", "0" * 63, "0" * 128, "x" * 64])
def test_what_is_no_pdq_is_refused(pdq: str) -> None:
    with pytest.raises(ValueError, match="hex"):
        HashLists([listed(0)]).hits(sha256="", pdq=pdq, reach=31)
