"""A running Source Finder as tools of an assistant, over the Model Context Protocol.

    source-finder serve
    python examples/mcp_client.py http://127.0.0.1:7860 "Gold was found in California"

An assistant is given the same address, ending in /gradio_api/mcp/.
"""

from __future__ import annotations

import asyncio
import json
import sys

from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CallToolResult, TextContent


def content(result: CallToolResult) -> str:
    """Return the text of a tool's result: JSON, or a message where it is an error."""
    (part,) = result.content
    assert isinstance(part, TextContent)
    return part.text


async def main(server: str, claim: str) -> None:
    """List the tools, find a source, and read around its quotation."""
    async with (
        streamable_http_client(f"{server.rstrip('/')}/gradio_api/mcp/") as (reading, writing, *_),
        ClientSession(reading, writing) as session,
    ):
        await session.initialize()
        for tool in (await session.list_tools()).tools:
            print(f"{tool.name}({', '.join(tool.inputSchema['properties'])})")
        found = await session.call_tool("find_sources", {"claim": claim, "k": 1})
        if found.isError:
            print(content(found))
            return
        (best,) = json.loads(content(found))["evidence"]
        place = {name: best[name] for name in ("document_id", "start", "end")}
        read = await session.call_tool("read_document", {**place, "context": 300})
        print(best["citation"])
        print(json.loads(content(read))["text"])


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
