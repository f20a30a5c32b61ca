"""All that is English: words, numbers, times, names and grammar behind one interface.

Whatever else needs to know of the language imports from here, never from the modules within;
`tests/test_layers.py` holds that. Another language is another folder like this one.
"""

from __future__ import annotations

from rag.language.names import (
    TITLES,
    can_be_same,
    capitalised,
    capitalised_inside,
    is_name,
    last_name,
    name_around,
    names_in_records,
    stands_for,
    with_names_of_records,
)
from rag.language.numbers import Quantity, agree, quantities
from rag.language.respelling import (
    MIN_KEY_LETTERS,
    Respelling,
    Style,
    chinese_spellings,
    deletions,
    one_slip,
    pinyin,
    respell,
    respelled,
    spelling_key,
    vowel_keys,
    wade_giles,
)
from rag.language.timex import Timex, days, of_date, times, times_told_from, years_in
from rag.language.tokens import (
    MONTHS,
    Folded,
    fold,
    goes_on,
    is_left_open,
    parse,
    sentences,
    stems,
    stop_words,
    table,
    whole_word,
    word_list,
    words,
)

__all__ = [
    "MIN_KEY_LETTERS",
    "MONTHS",
    "TITLES",
    "Folded",
    "Quantity",
    "Respelling",
    "Style",
    "Timex",
    "agree",
    "can_be_same",
    "capitalised",
    "capitalised_inside",
    "chinese_spellings",
    "days",
    "deletions",
    "fold",
    "goes_on",
    "is_left_open",
    "is_name",
    "last_name",
    "name_around",
    "names_in_records",
    "of_date",
    "one_slip",
    "parse",
    "pinyin",
    "quantities",
    "respell",
    "respelled",
    "sentences",
    "spelling_key",
    "stands_for",
    "stems",
    "stop_words",
    "table",
    "times",
    "times_told_from",
    "vowel_keys",
    "wade_giles",
    "whole_word",
    "with_names_of_records",
    "word_list",
    "words",
    "years_in",
]
