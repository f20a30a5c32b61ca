"""Everything specific to English (words, numbers, times, names, grammar) behind one interface.

Other parts import from here, never from the modules inside (`tests/test_layers.py` checks it).
Another language would be another folder with the same names.
"""

from __future__ import annotations

from rag.language.names import (
    TITLES,
    attributed,
    can_be_same,
    capitalised,
    capitalised_inside,
    is_given,
    last_name,
    name_around,
    names_in_records,
    only_names,
    stands_for,
    with_capitals,
    with_names_of_records,
)
from rag.language.numbers import ROUNDING, Quantity, agree, ordinals, quantities
from rag.language.respelling import (
    MIN_KEY_LETTERS,
    NameParts,
    Respelling,
    Spelling,
    chinese_spellings,
    deletions,
    name_parts,
    natural_order,
    one_name,
    one_slip,
    pinyin,
    respell,
    respelled,
    spelling_key,
    vowel_keys,
    wade_giles,
)
from rag.language.timex import (
    Timex,
    days,
    days_named,
    of_date,
    said_date,
    times,
    times_told_from,
    years_in,
)
from rag.language.tokens import (
    MONTHS,
    Folded,
    content_words,
    fold,
    goes_on,
    is_left_open,
    parse,
    sentences,
    squeezed,
    stems,
    stop_words,
    table,
    trimmed,
    unknown_words,
    whole_word,
    with_lost_spaces,
    word_list,
    words,
)
