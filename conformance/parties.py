"""What is started on this machine: how it is asked for, and what it is once it is there."""

from __future__ import annotations

import datetime as dt
import socket
from dataclasses import dataclass
from pathlib import Path

from starlette.types import ASGIApp

GATEWAY_PORT, ZUP_PORT = 8090, 8091


@dataclass(frozen=True, slots=True)
class Options:
    """What `up`, `mock` and `serve` are told; ports of 0 take free ones, `now` None is real time."""

    gateway_port: int = GATEWAY_PORT
    zup_port: int = ZUP_PORT
    now: dt.datetime | None = None
    seed: int = 1
    agents: int = 513
    calendar: Path | None = None
    faults: tuple[str, ...] = ()
    database_url: str = ""


@dataclass(frozen=True, slots=True)
class Party:
    """One server: its name, where callers find it, and what answers on which socket.

    `controls` is where /_control is, also while nobody can get through at `url`; empty for a party without any.
    """

    name: str
    url: str
    app: ASGIApp
    bound: socket.socket
    controls: str = ""
