import pytest
from hypothesis import given
from hypothesis import strategies as st

from esl_router.errors import RulesFileError
from esl_router.store.rules import yaml_text


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("a: 08:00", "08:00"),
        ("a: NO", "NO"),
        ("a: on", "on"),
        ("a: 0123", "0123"),
        ("a: +49301234", "+49301234"),
        ("a: 1_000", "1_000"),
        ("a: 2026-12-24", "2026-12-24"),
        ("a: 1e3", "1e3"),
        ("a: 1001", 1001),
        ("a: -5", -5),
        ("a: 0", 0),
        ("a: '1001'", "1001"),
        ("a: !!str 1001", "1001"),
        ("a: true", True),
        ("a: 'true'", "true"),
        ("a: null", None),
        ("a:", None),
        ("a: []", []),
        ("a: [1, {b: c}]", [1, {"b": "c"}]),
    ],
)
def test_a_plain_word_is_text_unless_it_is_plainly_something_else(text, data):
    assert yaml_text.read(text) == {"a": data}


def test_a_key_is_text():
    assert yaml_text.read("1001: {08:00: x}") == {"1001": {"08:00": "x"}}


def test_an_empty_file_is_nothing():
    assert yaml_text.read("") is None
    assert yaml_text.read("# a comment\n") is None


def problems(text):
    with pytest.raises(RulesFileError) as caught:
        yaml_text.read(text)
    return caught.value.problems


def test_broken_yaml_with_its_line_and_column():
    [line] = problems("domain: pbx.test\nusers: {a: b\nteams: [")
    assert line.startswith("line 3, column")
    assert "broken YAML" in line


def test_a_key_that_stands_twice_is_named_with_its_path():
    text = "users:\n  '1001': {name: A}\n  '1001': {name: B, name: C}\n"
    assert problems(text) == [
        "users.1001.name: stands twice, the second time in line 3, column 21",
        "users.1001: stands twice, the second time in line 3, column 3",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "a: &x [1]\nb: *x",
        "a: &x 1",
        "&x a: 1",
        "a: [*]",
        "a: !!python/object/apply:os.system [echo]",
        "a: !mine x",
        "? [1, 2]\n: x",
        "a: 1\n---\nb: 2",
        "a: " + "[" * 50,
        "a: \x07",
    ],
)
def test_what_is_not_plain_data_is_refused(text):
    assert len(problems(text)) == 1


def test_a_bomb_is_refused_at_its_first_anchor():
    bomb = "a: &a [x,x,x]\n" + "\n".join(
        f"{c}: &{c} [{', '.join(['*' + p] * 9)}]"
        for p, c in zip("abcdefgh", "bcdefghi", strict=True)
    )
    assert problems(bomb)[0].startswith("line 1, column 4: anchors and aliases")


def test_text_that_is_not_utf8():
    assert problems(b"a: \xff") == ["byte 3: the file is not UTF-8"]
    assert yaml_text.read("\ufeffa: ä".encode()) == {"a": "ä"}


def test_a_file_that_is_too_large(monkeypatch):
    monkeypatch.setattr(yaml_text, "MAX_BYTES", 10)
    assert "larger than" in problems("a: " + "x" * 20)[0]


def test_what_is_written_reads_like_a_rules_file():
    text = yaml_text.write(
        {
            "users": {
                "1001": {"name": "Ä", "row": {"delay": 0, "from": "08:00"}, "n": ["+49", "mon"]}
            }
        }
    )
    assert text == (
        'users:\n  "1001":\n    name: Ä\n    row: {delay: 0, from: "08:00"}\n    n: ["+49", mon]\n'
    )


words = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Co", "Cn"]), max_size=30
)
data = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4),
    max_leaves=15,
)


@given(st.dictionaries(words, data, max_size=4))
def test_what_is_written_is_read_again(value):
    assert yaml_text.read(yaml_text.write(value)) == value
