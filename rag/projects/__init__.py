"""Readers' projects, their conversations and answers, and what readers mark in them, in the
server's database."""

from rag.projects.marks import MarkStore, Objection, Pin, as_json_lines
from rag.projects.store import (
    EVERYTHING,
    Conversation,
    ConversationLine,
    KeptTurn,
    Project,
    ProjectStore,
    Scope,
    Stage,
    new_id,
)

__all__ = [
    "EVERYTHING",
    "Conversation",
    "ConversationLine",
    "KeptTurn",
    "MarkStore",
    "Objection",
    "Pin",
    "Project",
    "ProjectStore",
    "Scope",
    "Stage",
    "as_json_lines",
    "new_id",
]
