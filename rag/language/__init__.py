"""Everything specific to English (words, numbers, times, names, grammar) behind one interface.

Other parts import from here, never from the modules inside (`tests/test_layers.py` checks it).
Another language would be another folder with the same names.
"""

from __future__ import annotations

from rag.language.names import (
    TITLES,
    capitalised,
    capitalised_inside,
    is_given,
    is_names_only,
    last_name,
    may_be_same_person,
    name_around,
    nation_names,
    recorded_names,
    split_attribution,
    with_capitals,
    with_recorded_names,
)
from rag.language.numbers import ROUNDING, Quantity, agree, ordinals, quantities
from rag.language.reporting import hearsay, proposals, views_of_others
from rag.language.respelling import (
    MIN_KEY_LETTERS,
    NameParts,
    Respelling,
    Spelling,
    chinese_spellings,
    deletions,
    is_one_edit_apart,
    join_name,
    name_parts,
    natural_order,
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
    relative_times,
    times,
    timex_of_date,
    to_edtf,
    years_in,
)
from rag.language.tokens import (
    MONTHS,
    Folded,
    collapse_spaces,
    content_words,
    continues_sentence,
    ends_midsentence,
    fold,
    join_broken_word,
    parse,
    sentences,
    stems,
    stop_words,
    table,
    trim,
    unknown_words,
    with_lost_spaces,
    word_list,
    words,
)
