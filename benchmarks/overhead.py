"""What the gateway costs: GET of 513 agents and POST getNormHours, validated both ways, beside bare Starlette + orjson.

    python -m benchmarks.overhead [--requests 300] [--rounds 5] [--json]

Every server is a process of its own on 127.0.0.1; one client with one kept connection asks them in turn, round by
round, so that what else the machine does falls on all alike. Ratios are of medians over all rounds.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figures import Ask, Row, rows, shown, timed
from benchmarks.parties import KeptConnection, argus, child

WARM_UP = 20


def main() -> None:
    """Measure and print a Markdown table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=300, help="requests a server, operation and round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true", dest="as_json")
    parser.add_argument("--serve-bare", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.serve_bare:
        _serve_bare(asked.serve_bare)
        return
    measured = measure(asked.requests, asked.rounds)
    print(shown(measured, asked.requests * asked.rounds, "one client, one kept connection", as_json=asked.as_json))


def measure(requests: int, rounds: int) -> list[Row]:
    """All servers at once, asked in turn."""
    with contextlib.ExitStack() as stack:
        up = stack.enter_context(argus())
        ours, mock = KeptConnection(up.gateway), KeptConnection(up.zup)
        bare = KeptConnection(
            stack.enter_context(_bare({"agents": json.loads(ours.get()), "norm": json.loads(ours.norm())}))
        )
        asks: dict[str, dict[str, Ask]] = {
            "GET 513 agents": {
                "Starlette + orjson, nothing checked": bare.get,
                "gateway, from the cache": ours.get,
                "gateway, through to the mock 1C": lambda: ours.get(fresh=True),
                "mock 1C alone": mock.get,
            },
            "POST getNormHours": {
                "Starlette + orjson, nothing checked": bare.norm,
                "gateway, from the cache": lambda: ours.norm(fresh=False),
                "gateway, through to the mock 1C": ours.norm,
                "mock 1C alone": mock.norm,
            },
        }
        return [row for operation, servers in asks.items() for row in _table(operation, servers, requests, rounds)]


def _table(operation: str, servers: dict[str, Ask], requests: int, rounds: int) -> list[Row]:
    times: dict[str, list[float]] = {server: [] for server in servers}
    for ask in servers.values():
        for _ in range(WARM_UP):
            ask()
    for _ in range(rounds):
        for server, ask in servers.items():
            times[server] += [timed(ask) for _ in range(requests)]
    return rows(operation, times)


@contextlib.contextmanager
def _bare(replies: object) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "replies.json"
        file.write_text(json.dumps(replies, ensure_ascii=False), encoding="utf-8")
        with child(["-m", "benchmarks.overhead", "--serve-bare", str(file)]) as line:
            yield line.strip()


def _serve_bare(file: Path) -> None:
    from argus_wfm.openapi.server import address, bind, run
    from benchmarks.bare import from_file

    bound = bind("127.0.0.1", 0)
    asyncio.run(run([(from_file(file), bound)], lambda: print(address(bound), flush=True)))


if __name__ == "__main__":
    main()
