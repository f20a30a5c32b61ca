"""Readers' projects, their conversations and answers, and what readers mark in them, on the
server's disk."""

from rag.projects.file import copy_store, new_id
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
    "copy_store",
    "new_id",
]
