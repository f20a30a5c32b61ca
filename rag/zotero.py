"""Sends the sources of answers to a Zotero that runs on this computer.

Zotero listens on loopback for its browser connector, and imports there what is posted to it as
it would import a file (zotero/zotero, `server_connector.js`): so what is sent is the file that
is also exported, its notes included. Nothing but this computer is ever asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import uuid4

from rag.datatypes import Answer
from rag.dossier.csl import csl_items
from rag.dossier.zotero import zotero_rdf
from rag.errors import ZoteroError
from rag.wording import counted

ADDRESS = "http://127.0.0.1:23119"
"""Where Zotero listens, unless its hidden setting `httpServer.port` says otherwise."""
TIMEOUT_S = 60.0
_OR_A_FILE = "or keep the sources as a file (.rdf) and open it in Zotero with File, Import"


def send(answers: Sequence[Answer]) -> str:
    """Put the sources of answers, each with its quotations as notes, into the collection that is
    selected in Zotero; return what was done, in a sentence.

    Raises `ZoteroError` if there is nothing to send, Zotero does not run, or it refuses.
    """
    import httpx

    items = csl_items(answers)
    if not items:
        raise ZoteroError("No source was found, so there is nothing to send to Zotero.")
    session = uuid4().hex
    try:
        # Without the environment's proxies: they are for the web, and this is this computer.
        with httpx.Client(timeout=TIMEOUT_S, trust_env=False) as client:
            reply = client.post(
                f"{ADDRESS}/connector/import",
                params={"session": session},
                content=zotero_rdf(items).encode("utf-8"),
                headers={
                    "Content-Type": "text/plain; charset=utf-8",
                    "X-Zotero-Connector-API-Version": "3",
                },
            )
    except httpx.ConnectError as error:
        raise ZoteroError(
            f"Zotero does not run on this computer (nothing answers at {ADDRESS}). Start it and "
            f"try again, {_OR_A_FILE}."
        ) from error
    except httpx.HTTPError as error:
        raise ZoteroError(
            f"Zotero at {ADDRESS} broke off ({error or type(error).__name__}). See there whether "
            f"the sources are there; if not, try again, {_OR_A_FILE}."
        ) from error
    _check(reply.status_code, reply.text)
    notes = sum(len(item["custom"]["quotations"]) for item in items)
    sources = counted(len(items), "source", "sources")
    return f"Sent to Zotero: {sources} with {counted(notes, 'quotation', 'quotations')} as notes."


def _check(status: int, body: str) -> None:
    """Raise `ZoteroError` unless Zotero says that it has imported what was sent."""
    if status == 201:
        return
    if "libraryEditable" in body:
        raise ZoteroError(
            "The library that is selected in Zotero can only be read. Select another there, and "
            "try again."
        )
    raise ZoteroError(
        f"Zotero at {ADDRESS} did not accept the sources (status {status}). Update Zotero, "
        f"{_OR_A_FILE}."
    )
