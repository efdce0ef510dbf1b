"""JSON texts in a stream: whatever the cuts, the texts are those that were sent, and the bounds hold."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osken_apps.errors import Malformed
from osken_apps.ovsdb import json_texts
from osken_apps.ovsdb.json_texts import MAX_DEPTH, JsonTexts, decode_in_parts, decode_whole

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4)
)
objects = st.dictionaries(st.text(), values, max_size=4)
BRACKET_IN_STRING = re.compile(rb'"[^"]*[\[\]{}]')
TRICKY = {'}{"': ['\\"', "\\", '{"', "[]]"], "é\u2028\U0001f600": {"": '"}'}}


def taken(texts: JsonTexts) -> list[bytes]:
    return list(iter(texts.take, None))


def decoded(text: bytes) -> object:
    parts = decode_in_parts(text)
    while True:
        try:
            next(parts)
        except StopIteration as end:
            return end.value


@given(st.lists(objects, max_size=4), st.data())
def test_texts_come_out_whole_however_they_are_cut(sent: list[object], data: st.DataObject) -> None:
    ascii_only, indent = data.draw(st.booleans()), data.draw(st.sampled_from((None, 1)))
    between = data.draw(st.sampled_from((b"", b" ", b"\r\n\t ")))
    stream = between.join(json.dumps(text, ensure_ascii=ascii_only, indent=indent).encode(
        errors="surrogatepass") for text in sent)  # fmt: skip
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    texts, got = JsonTexts(), []
    for begin, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        texts.feed(stream[begin:end])
        got.extend(taken(texts))
    assert [json.loads(text.decode(errors="surrogatepass")) for text in got] == sent
    assert not texts.unfinished


@pytest.mark.parametrize("ascii_only", [True, False])
def test_a_text_may_be_cut_at_every_octet(ascii_only: bool) -> None:
    stream = json.dumps(TRICKY, ensure_ascii=ascii_only).encode() * 2
    for cut in range(len(stream) + 1):
        texts = JsonTexts()
        texts.feed(stream[:cut])
        texts.feed(stream[cut:])
        assert list(map(json.loads, taken(texts))) == [TRICKY, TRICKY]
    texts = JsonTexts()
    for octet in stream:
        texts.feed(bytes([octet]))
    assert list(map(json.loads, taken(texts))) == [TRICKY, TRICKY]


@pytest.mark.parametrize(
    "stream", [b"}", b"]", b"1", b'"', b'"a"', b"null{}", b"{}x{}", b'{} "a"{}', b"{}\0"]
)
def test_what_stands_between_texts_is_refused(stream: bytes) -> None:
    texts = JsonTexts()
    with pytest.raises(Malformed, match="between"):
        texts.feed(stream)


def test_a_text_that_has_begun_is_unfinished_until_its_brace_closes() -> None:
    texts = JsonTexts()
    for data, unfinished in ((b" ", False), (b'{"a', True), (b'"}', False)):
        texts.feed(data)
        assert texts.unfinished is unfinished


class Counting:
    """A pattern that counts the octets it looks at."""

    def __init__(self, pattern: re.Pattern[bytes], counts: list[int]) -> None:
        self._pattern = pattern
        self._counts = counts

    def match(self, data: bytes, position: int) -> re.Match[bytes] | None:
        found = self._pattern.match(data, position)
        assert found
        self._counts.append(found.end() - position + 1)
        return found


@pytest.mark.parametrize(
    "text", ['{"a":"' + "x" * 5000 + '"}', '{"a":[' + "1," * 2000 + "1]}", '{"' + '\\"' * 900]
)
def test_the_work_is_in_proportion_to_the_octets_also_if_they_come_one_by_one(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts: list[int] = []
    for name in ("UNTIL_BRACKET", "UNTIL_QUOTE"):
        monkeypatch.setattr(json_texts, name, Counting(getattr(json_texts, name), counts))
    texts = JsonTexts()
    for octet in text.encode():
        texts.feed(bytes([octet]))
    assert sum(counts) < 4 * len(text)


def test_the_octets_of_an_unfinished_text_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_texts, "MAX_OCTETS", 100)
    texts = JsonTexts()
    texts.feed(b'{"a":"' + b"x" * 94)
    with pytest.raises(Malformed, match="longer than 100 octets"):
        texts.feed(b"x")
    texts = JsonTexts()
    for _ in range(10):
        texts.feed(b'{"a":"' + b"x" * 90 + b'"}')
    assert len(taken(texts)) == 10


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_the_depth_of_a_text_is_bounded(opening: bytes) -> None:
    texts = JsonTexts()
    texts.feed(b'{"a":' + opening * (json_texts.MAX_DEPTH - 1))
    with pytest.raises(Malformed, match="deeper"):
        texts.feed(opening)


def test_the_parts_of_a_text_are_bounded() -> None:
    texts = JsonTexts()
    with pytest.raises(Malformed, match="parts"):
        texts.feed(b'{"a":[' + b"[]," * json_texts.MAX_CONTAINERS)


@given(objects)
def test_a_text_decoded_in_parts_is_the_text_decoded(value: object) -> None:
    text = json.dumps(value).encode()
    assert decoded(text) == json.loads(text)


@given(st.lists(objects, max_size=4), st.sampled_from(("", " ", "\r\n\t")))
def test_octets_that_are_whole_texts_are_decoded_at_once(sent: list[object], between: str) -> None:
    data = between.join(map(json.dumps, sent)).encode()
    found = decode_whole(data)
    assert found == (sent or None) or (found is None and BRACKET_IN_STRING.search(data))
    assert decode_whole(data[:-1]) in (sent[:-1], None)


@pytest.mark.parametrize("data", [b"", b" ", b"{", b'{"a":"}', b'{"a":"\xff"}', b"[" * 5000 + b"}", b"{}x{}"])
def test_octets_that_are_something_else_are_left(data: bytes) -> None:
    assert decode_whole(data) is None


def test_a_long_text_is_decoded_in_parts() -> None:
    rows = {str(number): {"new": {"name": f"tap{number}", "tag": ["set", []]}} for number in range(10_000)}
    value = {"id": None, "method": "update3", "params": ["m", "t", {"Port": rows}]}
    text = json.dumps(value).encode()
    assert decoded(text) == value
    assert sum(1 for _ in decode_in_parts(text)) == pytest.approx(len(text) / json_texts.PART_OCTETS, abs=2)


@pytest.mark.parametrize(
    "text",
    ["", "{", "{]", "[}", '{"a"}', '{"a":}', '{"a":1,}', "[1,]", "[,1]", "[1 2]", "{1:2}", '{"a":1 "b":2}',
     "{,}", '{"a":[1}]', "{}{}", "{} ", '{"a":nul}', "[" + "9" * 5000 + "]", '{"a":"\n"}'],
)  # fmt: skip
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(Malformed, match="no JSON"):
        decoded(text.encode())


def test_what_is_no_utf_8_is_refused() -> None:
    with pytest.raises(Malformed, match="no JSON"):
        decoded(b'{"a":"\xff"}')


@given(st.binary() | st.text(alphabet='{}[]",:\\ a1').map(str.encode))
def test_any_octets_are_taken_or_refused(data: bytes) -> None:
    texts = JsonTexts()
    try:
        texts.feed(data)
        for text in taken(texts):
            decoded(text)
    except Malformed:
        pass
    decode_whole(data)


@pytest.mark.parametrize("depth", [MAX_DEPTH, MAX_DEPTH + 1])
def test_what_is_decoded_at_once_is_no_deeper_than_what_comes_in_pieces(depth: int) -> None:
    text = b'{"a":' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"
    texts = JsonTexts()
    if depth > MAX_DEPTH:
        assert decode_whole(text) is None
        with pytest.raises(Malformed, match="deeper"):
            texts.feed(text)
    else:
        texts.feed(text)
        assert decode_whole(text) == [json.loads(text)]
