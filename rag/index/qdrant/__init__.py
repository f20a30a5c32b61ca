"""An index served by Qdrant: in this process from a folder, or by a server or cluster.

    qdrant:///folder/on/this/machine        the engine in this process (`qdrant-edge-py`)
    qdrant://host:6333/name                 a server, by HTTP (`qdrant-client`)
    qdrants://host/name                     the same by HTTPS

A local index is published there (`publishing.publish`), and found by the same signals; what is
the same and what is not: docs/decisions/engine.md.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from rag.errors import IndexNotBuilt, SearchIndexError
from rag.index.qdrant.asking import Generations

SCHEMES = ("qdrant://", "qdrants://")


def is_location(index: object) -> bool:
    """Return whether an index is named by where Qdrant has it.

    >>> is_location("qdrant://localhost:6333/frus"), is_location("frus")
    (True, False)
    """
    return str(index).startswith(SCHEMES)


def generations(location: str, key: str = "") -> Generations:
    """Return the generations at a location. `key`: the server's API key, "" for none.

    Raises `SearchIndexError` where the location is malformed, or the extra is not installed.
    """
    parts = urlsplit(location)
    name = parts.path.strip("/")
    if not is_location(location) or not name or (parts.netloc and "/" in name):
        raise SearchIndexError(
            f"{location!r} is no index of Qdrant. Write qdrant:///a/folder for the engine in this "
            "process, or qdrant://host:6333/name for a server."
        )
    try:
        if not parts.netloc:
            from rag.index.qdrant.edge import EdgeGenerations

            return EdgeGenerations(Path(parts.path), location)
        from qdrant_client import QdrantClient

        from rag.index.qdrant.server import ServerGenerations
    except ImportError as error:
        raise SearchIndexError(
            f"To open {location}, install the extra: pip install 'source-finder[qdrant]' "
            f"({error.name} is missing)."
        ) from error
    scheme = "https" if parts.scheme == "qdrants" else "http"
    url = f"{scheme}://{parts.netloc}"
    client = QdrantClient(url=url, api_key=key or None, timeout=60, check_compatibility=False)
    return ServerGenerations(client, name, location)


def live(found: Generations) -> str:
    """Return which generation is live; raises `IndexNotBuilt`."""
    name = found.live()
    if name is None or name not in found.names():
        raise IndexNotBuilt(
            f"There is no index at {found.location}. Run `source-finder publish {found.location}` "
            "to put one there from an index on this machine."
        )
    return name
