"""Everything that can go wrong, as one tree.

    SourceFinderError            1
    ├── QuestionError            2   the question cannot be answered as it stands
    │   └── QuotaError               a reader has had as much as a server gives to each
    ├── SourceError              3   a source cannot be read
    │   ├── UnknownFormat            no reader for this kind of file
    │   ├── UnreadableSource         the file is damaged, encrypted or empty
    │   └── NothingToIndex           no document at all came out of the given paths
    ├── ModelError               4   the embedding model cannot be found or loaded
    ├── SearchIndexError         5   the index cannot be used or written
    │   ├── IndexNotBuilt            there is none yet
    │   ├── IndexCorrupt             a file is missing, cut short or altered
    │   ├── IndexMismatch            made by another model or format
    │   ├── IndexBusy                another build holds it
    │   ├── IndexNotWritten          disk full, no permission
    │   └── IndexNotReached          the server that holds it does not answer
    ├── FetchError               6   a collection cannot be downloaded
    ├── CatalogError             7   the catalog is malformed, or lacks what was named
    ├── LanguageModelError       8   the language model failed; the answer goes on without it
    ├── BackupError              9   a backup cannot be written, or is not whole
    ├── ZoteroError              10  Zotero does not run, or did not take what was sent
    ├── ProjectsError            11  readers' projects cannot be read or kept
    ├── AccountError             12  an account cannot be made, or the accounts not be read
    └── ClusterError             13  a Ray cluster cannot be reached, or gave up on its work

The number is the exit code of the command line. A message says what went wrong,
where, why, and what to try.
"""

from __future__ import annotations


class SourceFinderError(Exception):
    """Base of all errors raised on purpose by this package."""

    exit_code = 1


class QuestionError(SourceFinderError):
    """The question is empty, too long, or not text."""

    exit_code = 2


class QuotaError(QuestionError):
    """A reader has used the quota of a shared server."""


class SourceError(SourceFinderError):
    """A source cannot be read."""

    exit_code = 3


class UnknownFormat(SourceError):
    """No reader is registered for this kind of file."""


class UnreadableSource(SourceError):
    """The file is damaged, encrypted, empty, or not what its name says."""


class NothingToIndex(SourceError):
    """The given paths yielded no document."""


class ModelError(SourceFinderError):
    """The embedding model cannot be found or loaded."""

    exit_code = 4


class SearchIndexError(SourceFinderError):
    """The index cannot be used or written."""

    exit_code = 5


class IndexNotBuilt(SearchIndexError):
    """There is no index of this name yet."""


class IndexCorrupt(SearchIndexError):
    """A file of the index is missing, cut short or altered."""


class IndexMismatch(SearchIndexError):
    """The index was made with another embedding model or another format."""


class IndexBusy(SearchIndexError):
    """Another process is building this index."""


class IndexNotWritten(SearchIndexError):
    """The index could not be written: disk full, or no permission."""


class IndexNotReached(SearchIndexError):
    """The server that holds the index does not answer, or not as it should."""


class FetchError(SourceFinderError):
    """A collection cannot be downloaded, or what came is not what was expected."""

    exit_code = 6


class CatalogError(SourceFinderError):
    """The catalog is malformed, or has no entry of that name."""

    exit_code = 7


class LanguageModelError(SourceFinderError):
    """The language model cannot be reached, failed, or was too slow."""

    exit_code = 8


class BackupError(SourceFinderError):
    """A backup cannot be written or restored, or is incomplete."""

    exit_code = 9


class ZoteroError(SourceFinderError):
    """Zotero does not run on this computer, or refused what was sent."""

    exit_code = 10


class ProjectsError(SourceFinderError):
    """Readers' projects cannot be read or written, or what was requested does not exist."""

    exit_code = 11


class AccountError(SourceFinderError):
    """An account cannot be made or removed, or the accounts cannot be read."""

    exit_code = 12


class ClusterError(SourceFinderError):
    """The Ray cluster for a build cannot be reached, or failed on a part of the work."""

    exit_code = 13
