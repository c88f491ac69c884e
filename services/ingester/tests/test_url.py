import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from yarl import URL

from pixelprose.ingester.refusal import Refusal
from pixelprose.ingester.url import LONGEST, canonical, named, redirected


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("http://example.com", "http://example.com/"),
        (" HTTP://EXAMPLE.com:80/a.jpg \n", "http://example.com/a.jpg"),
        ("https://example.com:443/a#top", "https://example.com/a"),
        ("https://example.com:8443/a", "https://example.com:8443/a"),
        ("http://example.com./a/../b/./c?x=1&y", "http://example.com/b/c?x=1&y"),
        ("http://example.com/%7Efoo%2f%41", "http://example.com/~foo%2FA"),
        ("http://bücher.example/ü", "http://xn--bcher-kva.example/%C3%BC"),
        ("http://\uff11\uff19\uff12.0.2.1/", "http://192.0.2.1/"),
        ("http://[2001:DB8:0::1]/", "http://[2001:db8::1]/"),
        ("http://[::ffff:127.0.0.1]:8080/", "http://[::ffff:7f00:1]:8080/"),
        ("http://my_pictures.example/a b.jpg", "http://my_pictures.example/a%20b.jpg"),
    ],
)
def test_equal_urls_have_one_spelling(text: str, spelled: str) -> None:
    assert str(canonical(text)) == spelled


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not a url",
        "ftp://example.com/a",
        "file:///etc/passwd",
        "data:image/png;base64,AAAA",
        "javascript:alert(1)",
        "//example.com/a",
        "http:///a",
        "http://",
        "http://user@example.com/",
        "http://user:secret@example.com/",
        "http://:@example.com/",
        "http://example.com\\@127.0.0.1/",
        "http:\\\\127.0.0.1/",
        "http://exam\nple.com/",
        "http://example.com/\0",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0x7f.1/",
        "http://0177.0.0.1/",
        "http://127.1/",
        "http://127.0.0.1.1/",
        "http://256.0.0.1/",
        "http://\uff11\uff12\uff17.1/",
        "http://127%2e0.0.1/",
        "http://example.com:99999/",
        "http://[fe80::1%25eth0]/",
        "http://[::1/",
        "http://]:[a@",
        "http://a..b/",
        "http://-a.example/",
        "http://exa mple.com/",
        "http://e\u200bxample.com/",
        f"http://{'a' * 64}.example/",
        f"http://{'a.' * 130}example/",
        f"http://example.com/{'a' * LONGEST}",
        f"http://example.com/{'é' * (LONGEST // 2)}",
        "http://example.com/\ud800",
    ],
)
def test_what_two_parsers_could_read_differently_is_refused(text: str) -> None:
    refusal = canonical(text)
    assert isinstance(refusal, Refusal)
    assert refusal.reason == "bad_url"


def test_a_refusal_never_repeats_a_password() -> None:
    refusal = canonical("http://user:secret@example.com/")
    assert isinstance(refusal, Refusal)
    assert "secret" not in refusal.detail


_PIECES = st.sampled_from(
    [
        *("http://", "https:", "/", "//", "@", ":", "80", ".", "..", "[", "]", "%", "%2e", "?"),
        *("#", "&", "+", "=", "\\", " ", "a", "EXAMPLE", "example.com", "127.0.0.1", "0x7f"),
        *("\xe9", "\uff0f", "::1"),
    ]
)


@given(st.lists(_PIECES | st.text(max_size=3), max_size=12).map("".join) | st.text())
@example("http://example.com/?a=%zz&b=+ c")
@example("http://example.com/a;b/%00")
def test_the_canonical_url_of_a_canonical_url_is_itself(text: str) -> None:
    url = canonical(text)
    if isinstance(url, URL):
        assert canonical(str(url)) == url
        assert str(url).isascii()
        assert url.host
        assert url.user is None


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("b.jpg", "http://example.com/a/b.jpg"),
        ("/b.jpg?next=http://x.example/", "http://example.com/b.jpg?next=http://x.example/"),
        ("//other.example/b", "http://other.example/b"),
        (" https://other.example:443/b ", "https://other.example/b"),
        ("?x=1", "http://example.com/a/c?x=1"),
    ],
)
def test_a_redirect_leads_where_it_says(location: str, target: str) -> None:
    assert str(redirected(URL("http://example.com/a/c"), location)) == target


@pytest.mark.parametrize(
    "location",
    [
        "ftp://example.com/",
        "http://2130706433/",
        "\\\\127.0.0.1\\",
        "http://u:p@b/",
        "http://[::1",
        "//]:[a@",
    ],
)
def test_a_redirect_obeys_the_rules_of_the_first_url(location: str) -> None:
    refusal = redirected(URL("http://example.com/"), location)
    assert isinstance(refusal, Refusal)
    assert refusal.reason == "bad_url"


def test_an_image_without_a_canonical_url_is_named_by_its_text() -> None:
    assert named("HTTP://example.com") == "http://example.com/"
    assert named("not a url") == "not a url"
