"""Start the browser application: `python app.py [--port 7860]`.

The same as `source-finder serve`; on first use the default index is built.
"""

from __future__ import annotations

import sys

from rag.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["serve", *sys.argv[1:]]))
