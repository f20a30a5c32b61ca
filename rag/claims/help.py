"""What to say where a text, or part of it, cannot be looked up as it stands."""

from __future__ import annotations

from collections.abc import Sequence

from rag.datatypes import Claim

EXAMPLE = "Monroe told Europe to stay out of the Americas"
GREETED = f"Write or paste a claim about the past, for example: {EXAMPLE}."
LINKED = (
    "A link alone says nothing that can be looked up. Paste the words of the page, or drop the "
    "transcript of the video in."
)
TOPIC = (
    "This names a subject and says nothing of it, so these are passages on the subject. Write what "
    "you heard about it, and the passages are compared with that."
)
NOTHING = (
    "Nothing in this text can be looked up. Write one plain statement about the past, with the "
    f"names in it, for example: {EXAMPLE}."
)


def help_for(looked_up: Sequence[Claim], set_aside: Sequence[Claim]) -> tuple[str, ...]:
    """Return what to tell whoever sent a text of which these claims were looked up and set
    aside; nothing where claims were looked up."""
    if looked_up:
        return (TOPIC,) if all(claim.form == "topic" for claim in looked_up) else ()
    reasons = {claim.set_aside for claim in set_aside}
    if reasons == {"a greeting"}:
        return (GREETED,)
    return (LINKED,) if reasons == {"a link"} else (NOTHING,)
