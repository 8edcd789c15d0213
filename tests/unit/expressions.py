"""Expressions at random, for hypothesis: most of them make sense, and none has to."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import strategies as st

_ARITHMETIC = ["+", "-", "*", "//", "%", "<<", ">>", "&", "|", "^"]
_COMPARISONS = ["==", "!=", "<", "<=", ">", ">="]
_CONSTANTS = ["0", "1", "(-1)", "63", "1e6", "2147483648", "18446744073709551615", "(1 << 40)"]
_TEXTS = ["''", "'python'", "'p'"]
_NONSENSE = ["None", "0.5", "b'x'", "'a text of more than any comm'", "'\\x00'", "nobody", "1 / 2", "2 ** 3"]

Text = st.SearchStrategy[str]


def expressions(numbers: list[str], texts: list[str], pointers: list[str]) -> Text:
    """Over names and paths by what they are. One part of a hundred is nonsense, or of another kind."""
    odd = st.sampled_from([*_NONSENSE, *_TEXTS, *texts, *pointers])
    leaf = often(st.sampled_from([*numbers, *numbers, *_CONSTANTS]), odd)
    text, pointer = often(st.sampled_from(texts), odd), often(st.sampled_from(pointers), odd)
    tests = st.one_of(
        joined("({} {} {})", text, st.sampled_from(["==", "!=", "==", "in"]), st.sampled_from(_TEXTS)),
        joined("{}.startswith({})", text, st.sampled_from(_TEXTS)),
        joined("({} {} None)", pointer, st.sampled_from(["is", "is not"])),
        joined("({} == {})", pointer, pointer),
    )

    def grow(part: Text) -> Text:
        return st.one_of(
            joined("({} {} {})", part, st.sampled_from(_ARITHMETIC), part),
            joined("({} {} {})", part, st.sampled_from(_COMPARISONS), part),
            joined("({} {} {})", part, st.sampled_from(["and", "or"]), st.one_of(part, tests)),
            joined("({}{})", st.sampled_from(["not ", "-", "~", "+"]), part),
            joined("({} if {} else {})", part, st.one_of(part, tests), part),
            joined("({} < {} <= {})", part, part, part),
            joined("({} in ({}, {}))", part, leaf, leaf),
        )

    return st.one_of(st.recursive(leaf, grow, max_leaves=12), tests, joined("text({}, 16)", pointer))


def often(this: Text, other: Text) -> Text:
    return st.integers(0, 99).flatmap(lambda chance: other if chance == 57 else this)


def joined(form: str, *parts: Text) -> Text:
    fill: Callable[[tuple[str, ...]], str] = lambda filled: form.format(*filled)  # noqa: E731
    return st.tuples(*parts).map(fill)
