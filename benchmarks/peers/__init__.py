"""Source Finder beside other open-source retrieval, over the same texts and claims.

| module | does |
|---|---|
| `sets` | the claims of each set, and the texts that they are looked up in |
| `environments` | a virtual environment for each system, its versions pinned |
| `embedding` | the one embedding function that all are given |
| `runner` | a system as a child process: build, search |
| `child`, `pipe`, `systems` | what runs there; only this is imported in a system's environment |
| `budget` | what a reader finds within an equal number of characters |
| `tables` | the tables, printed and written to docs/benchmark.md |
"""
