"""HTML in written fields: what a reader sees is read, plain text stays as it is, and no trick hides or blows up anything."""

import pytest

from tests.growth import assert_in_proportion
from text.html import MAX_TAGS, MAX_TARGETS, decode_references, visible


def seen(written: str) -> str:
    """What is seen, with white space folded."""
    return "\n".join(" ".join(line.split()) for line in visible(written).text.splitlines() if line.strip())


@pytest.mark.parametrize(
    "text",
    [
        "We <3 our partners",
        "a < b and c > d",
        "x<y z",
        "if a<b and c>d then stop",
        "if a<b, then c",
        "R&D at AT&T, Tom & Anna",
        "Dear <Name>, your class <Class> is next",
        "Anna <anna@school.example>",
        "<anna> hello\n<ben> hello",
        "-> <- <-- --> <=>",
        "1 <2> 3",
        "See https://school.example/?a=1&copy=2&lang=en&notify=3",
        "a </ b",
        "List<int> of 5 < 6",
    ],
)
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert visible(text) == (text, ())


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("<p>I will kill you</p>", "I will kill you"),
        ("fr<b>ee</b>", "free"),
        ("fr<x-y>ee", "free"),
        ("fr<div hidden></div>ee<br hidden>!<div style='display:inline'>!</div>!", "free!!!"),
        ("fr<div>ee</div>!", "fr\nee\n!"),
        ("fr<B CLASS=a id='b' title=\"c > d\" hidden2>ee</B >", "free"),
        ("fr<!-- --- > -->ee<!-->!<!--->!", "free!!"),
        ("a<br>b<BR/>c<hr>d", "a\nb\nc\nd"),
        ("<ul><li>a<li>b</ul>c", "a\nb\nc"),
        ("<p>a\nb</p>c", "a b\nc"),
        ("<pre>a\nb</pre>c", "a\nb\nc"),
        ("<b>a\nb</b>", "a\nb"),
        ("<table><tr><td>a<td>b<tr><td>c</table>", "a b\nc"),
        ("<q>a</q>", "“a”"),
        ("a<!doctype html>b<?php c ?>d</>e</ f>g<b>", "abdeg"),
        ("<img src=x alt='Our school'><input value=Go><input type=hidden value=no>", "Our schoolGo"),
        ("<textarea>a<b>&amp;</textarea>", "a<b>&"),
        ("<p>Anna <anna@school.example></p>", "Anna <anna@school.example>"),
        ("<h1>a</h1><h2>b</h2>", "a\nb"),
        ("a <bdo dir=rtl>c<b>b</b></bdo> d", "a \u202ecb\u202c d"),
        ("<span style='direction:rtl;unicode-bidi:bidi-override'>ba", "\u202eba"),
        ("<bdo dir=ltr>a</bdo><span dir=rtl>b</span>", "ab"),
    ],
)
def test_tags_are_taken_away_as_a_browser_does(written: str, read: str) -> None:
    assert seen(written) == read


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("k&#105;ll k&#x69;ll k&#105ll k&#X69ll", "kill kill kill kill"),
        ("a&nbsp;b", "a\xa0b"),
        ("&lt;b&gt; &amp; &quot;x&quot; &hearts;", '<b> & "x" ♥'),
        ("&amp;lt;b&amp;gt;", "&lt;b&gt;"),
        ("&notit; &copy 2026 &ampx", "¬it; © 2026 &x"),
        ("&#0; &#xD800; &#x110000; &#99999999999999999999;", "\ufffd \ufffd \ufffd \ufffd"),
        ("&#128; &unknown; &#; &x; & &&", "€ &unknown; &#; &x; & &&"),
        ("&#" + "1" * 5000 + ";", "\ufffd"),
        ("&#" + "0" * 5000 + "105;", "i"),
    ],
)
def test_references_are_decoded_once(written: str, read: str) -> None:
    assert decode_references(written) == read
    assert visible(f"<b>{written}</b>").text == read


HIDDEN = "salad"


@pytest.mark.parametrize(
    "hidden",
    [
        "<span hidden>salad</span>",
        "<span hidden=until-found><i>sa</i>lad</span>",
        "<div style='display:none'>salad<div>salad</div>salad</div>",
        "<div STYLE='color:red; DISPLAY : none !important; display:block'>salad</div>",
        "<b style=visibility:hidden>salad</b>",
        "<span style='font-size:0'>salad<i style='font-size:2em'>salad</i></span>",
        "<span style='font-size:0.5px'>salad</span>",
        "<span style='opacity:0'>salad<b style='opacity:1'>salad</b></span>",
        "<div style='max-height:0;overflow:hidden'>salad</div>",
        "<!-- salad --><!-- <p>salad</p> -->",
        "<script>salad<p>salad</p></script>",
        "<style>salad { }</style>",
        "<title>salad</title>",
        "<template>salad</template>",
        "<iframe>salad</iframe><noframes>salad</noframes>",
        "<video>salad</video><datalist>salad</datalist><dialog>salad</dialog>",
        "<img alt='salad' hidden><img style='display:none' alt=salad>",
    ],
)
def test_what_nobody_sees_is_not_read(hidden: str) -> None:
    assert seen(f"<div>bu{hidden}y now</div>") == "buy now"


@pytest.mark.parametrize(
    "shown",
    [
        "<div hidden style='display:block'>threat</div>",
        "<span style='display:none;display:block'>threat</span>",
        "<span style='' style='display:none'>threat</span>",
        "<span style=\"font-family:'a;display:none;b'\">threat</span>",
        "<span style='--x:(;display:none;)'>threat</span>",
        "<span style='/*;*/display:none'>threat</span>",
        "<b style=visibility:hidden><i style=visibility:visible>threat</i></b>",
        "<b style=font-size:0><i style=font-size:14px>threat</i></b>",
        "<span style='height:0;overflow:hidden'>threat</span>",
        "<div style='height:0;overflow:hidden;padding-bottom:2em'>threat</div>",
        "<p hidden>x<div>threat</div>",
        "<ul><li hidden>x<li>threat</ul>",
        "<h1 hidden>x</h2>threat",
        "<dl><dt hidden>x<dd>threat</dl>",
        "<a hidden>x<a>threat</a>",
        "<button><span hidden>x<button>threat",
        "<table hidden>threat</table>",
        "<table><div hidden>x<tr><td>threat",
        "<tr hidden>threat</tr>",
        "<form><form hidden>threat</form></form>",
        "<select><span hidden><option>threat</select>",
        "<svg><style><p>threat</p></style></svg>",
        "<style style='display:block'>threat</style>",
        "<b>x</b><!-- threat",
        "<b>x</b><p title=threat",
        "<b>x</b><p title='>threat",
        "<b>x</b><style>threat",
        "<title>threat",
        "<b>x</b></p threat",
        "<plaintext><div hidden>threat",
        "<xmp><div hidden>threat</xmp>",
        "<span hidden/>x</span>threat",
        "<div aria-hidden=true>threat</div>",
        "<details><p>threat</details>",
        f"<i hidden {'a' * 9} {' '.join(f'a{n}' for n in range(2_000))} style=display:inline>threat</i>",
        f"<i style='display:none;{'a:b;' * 1_000}display:inline'>threat</i>",
        "<font><span hidden><div>threat</font>",  # browsers move the inner block out of what ends before it
        "<a><span hidden>x<a>threat</a>",
        "<div hidden>x</section>threat</div>",  # may end what stands around the text
        "<table><option><span hidden>x<table>threat",
        "<q><textarea><div hidden>threat",
        "<p><ruby hidden>x<ul></ul>threat",
        "<b>" * (MAX_TAGS + 1) + "<i hidden>threat</i>",
    ],
)
def test_what_a_reader_sees_cannot_be_hidden_from_the_rules(shown: str) -> None:
    assert "threat" in seen(shown)


def test_quotations_are_marked_as_in_plain_text() -> None:
    written = "<p>Hello</p><blockquote><p>one<br>two<blockquote>three</blockquote></blockquote><p>own</p>"
    assert seen(written) == "Hello\n> one\n> two\n> three\nown"
    assert seen("<div><blockquote>one</div>own") == "> one\nown"


def test_links_lead_where_their_targets_say() -> None:
    found = visible(
        "<a href='https://a.example/x?b=1&amp;c=2'>here</a> <a href=HTTP:\\\\b.example>b</a> <a href='//c.example'>c</a>"
        "<a href='/own'>d</a> <a href='ht\ntps:/d.example'>e</a> <a href=mailto:anna@school.example>f</a> <a href=#g>g</a>"
        "<a hidden href=https://never.example></a><span hidden><a href=https://never.example>x</a></span>"
        "<a href='javascript:x'>h</a><a href='https://a.example/x?b=1&amp;c=2'>again</a>"
    )
    assert found.text == "here b cd e f gh" + "again"
    assert found.targets == (
        "https://a.example/x?b=1&c=2",
        "http://b.example",
        "https://c.example",
        "https://d.example",
        "mailto:anna@school.example",
        "https://never.example",
    )


def test_only_so_many_links_are_kept() -> None:
    many = "".join(f"<a href=https://a{n}.example>x</a>" for n in range(1_000))
    assert len(visible(many).targets) == MAX_TARGETS


LONG = 250_000
WORST = {
    "nested": "<div>",
    "nested and closed": "<div></p>",
    "formatting": "<b><p>",
    "closings of nothing": "</p>",
    "attributes": "a=1 b='2' ",
    "comments that never end": "<!--",
    "tags that never end": "<a ",
    "quotes that never end": "<a x=\"<a x='",
    "angles": "<",
    "ampersands": "&",
    "references": "&#105;",
    "names": "&notit",
    "zeros": "&#0",
    "hidden": "<b hidden>x",
    "styles": "<b style='display:none;'>x",
    "raw": "<style>",
    "titles": "<title></title>",
    "tables": "<table><td>x",
    "quotations": "<blockquote>x",
    "lists": "<ul><li>x",
    "slashes": "<b/////",
    "equals": "<b ====",
}


@pytest.mark.parametrize("name", WORST)
def test_time_is_in_proportion_to_the_length(name: str) -> None:
    assert_in_proportion(visible, "<b>x</b><p " + WORST[name] * (LONG // len(WORST[name])))
    assert_in_proportion(visible, "<b>x</b>" + WORST[name] * (LONG // len(WORST[name])))


def test_tags_that_never_end_before_quotes_that_do() -> None:
    def text(times: int) -> str:
        return "<b>x</b>" + "<a " * times + 'x="' + ">" * times + '"'

    assert visible(text(10)).text.startswith("x<a <a")
    assert_in_proportion(visible, text(60_000), eighth=text(7_500))
