"""What is compared: claims, the texts they are looked up in, what should be found."""

from __future__ import annotations

import hashlib
import json
import random
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks import claim_sets
from benchmarks.claim_sets import Query, Target
from benchmarks.peers.systems import Document
from rag.embedding import read_by_search
from rag.index import open_index
from rag.index.store import Store

SAMPLED = 250
"""Claims taken of a larger set, at random, always the same."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """Texts to search. `index`: where Source Finder's own index of them is, None where
    it is built from `documents` like the others'."""

    name: str
    documents: tuple[Document, ...]
    index: Path | None = None

    @property
    def digest(self) -> str:
        """A hash over all texts."""
        digest = hashlib.sha256()
        for document in self.documents:
            row = [document.document_id, document.heading, document.text]
            digest.update(json.dumps(row).encode())
        return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class ClaimSet:
    """Claims over a corpus. `tuned`: whether Source Finder's constants were fitted on
    claims of this set, which then says little about new ones."""

    name: str
    corpus: str
    queries: Callable[[Path], list[Query]]
    tuned: bool = False


def _sample(queries: list[Query]) -> list[Query]:
    return queries if len(queries) <= SAMPLED else random.Random(7).sample(queries, SAMPLED)


def scifact(data: Path) -> list[Query]:
    """Return the training claims with the abstracts that bear on them. For evaluation
    only: the set's licence is non-commercial."""
    relevant = defaultdict(list)
    qrels = (data / "scifact" / "qrels" / "train.tsv").read_text(encoding="utf-8")
    for line in qrels.splitlines()[1:]:
        query, document, _ = line.split("\t")
        relevant[query].append(Target(f"scifact/{document}"))
    lines = (data / "scifact" / "queries.train.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    return [Query(r["text"], tuple(relevant[r["_id"]])) for r in rows if relevant[r["_id"]]]


SETS = {
    s.name: s
    for s in (
        ClaimSet("sotu-test", "sotu", claim_sets.sotu_test),
        ClaimSet("sotu-development", "sotu", claim_sets.sotu_development, tuned=True),
        ClaimSet("frus-summary", "frus", lambda data: claim_sets.frus(data, "summary")),
        ClaimSet(
            "frus-editorial", "frus", lambda data: claim_sets.frus(data, "editorial"), tuned=True
        ),
        ClaimSet(
            "frus-footnote",
            "frus",
            lambda data: _sample(claim_sets.frus(data, "footnote")),
            tuned=True,
        ),
        ClaimSet("scifact-train", "scifact", scifact),
    )
}


def corpus_of_index(name: str, path: Path) -> Corpus:
    """Return the documents of a Source Finder index, less what is no evidence."""
    index = open_index(path)
    return Corpus(name, tuple(_documents(index.store)), path)


def _documents(store: Store) -> list[Document]:
    documents = []
    for number in range(store.documents):
        document = store.document(number)
        known = [part for part in (document.creator, document.title, document.date) if part]
        text = read_by_search(document).text
        documents.append(Document(document.document_id, ", ".join(known), text))
    return documents


def scifact_corpus(data: Path) -> Corpus:
    """Return the abstracts, their titles as headings."""
    lines = (data / "scifact" / "corpus.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    return Corpus(
        "scifact", tuple(Document(f"scifact/{r['_id']}", r["title"], r["text"]) for r in rows)
    )
