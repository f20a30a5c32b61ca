"""Readers' projects, their conversations and answers, kept on the server's disk."""

from rag.projects.store import (
    EVERYTHING,
    Conversation,
    ConversationLine,
    KeptTurn,
    Project,
    ProjectStore,
    Scope,
    Stage,
    copy_store,
    new_id,
)

__all__ = [
    "EVERYTHING",
    "Conversation",
    "ConversationLine",
    "KeptTurn",
    "Project",
    "ProjectStore",
    "Scope",
    "Stage",
    "copy_store",
    "new_id",
]
