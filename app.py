"""Start the browser application on the default index: `python app.py [--port 7860]`.

On first use the default index is built, with a progress bar in the terminal. The port may
also be given as GRADIO_SERVER_PORT, the host as GRADIO_SERVER_NAME.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from rag import SourceFinder
from rag.errors import SourceFinderError
from rag.web import serve


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the options, each from the command line, else the environment, else its default."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--host", default=os.environ.get("GRADIO_SERVER_NAME") or "127.0.0.1")
    parser.add_argument("--port", type=int, default=os.environ.get("GRADIO_SERVER_PORT") or "7860")
    parser.add_argument("--browser", action="store_true", help="open the page in a new tab")
    return parser.parse_args(arguments)


def main() -> int:
    """Open the default index and serve it until interrupted; return the exit code."""
    options = parse()
    try:
        finder = SourceFinder.open()
        serve(finder, options.host, options.port, open_browser=options.browser)
    except SourceFinderError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
