"""What is started on this machine: how it is asked for, and what it is once it is there."""

from __future__ import annotations

import datetime as dt
import socket
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp

HOST = "127.0.0.1"
GATEWAY_PORT, ZUP_PORT, OKTELL_PORT, SITES_PORT, LDAP_PORT = 8090, 8091, 8092, 8093, 8389


@dataclass(frozen=True, slots=True)
class LaunchOptions:
    """What `up`, `mock` and `serve` are told; ports of 0 take free ones, `now` None is real time."""

    gateway_port: int = GATEWAY_PORT
    zup_port: int = ZUP_PORT
    now: dt.datetime | None = None
    seed: int = 1
    agents: int = 513
    calendar: Path | None = None
    faults: tuple[str, ...] = ()
    database_url: str = ""
    oktell_port: int = OKTELL_PORT
    oktell_speed: float = 1
    oktell_agents: int = 50
    ldap_port: int = LDAP_PORT
    ldaps_port: int | None = None  # no LDAPS; there is StartTLS in any case
    sites_port: int = SITES_PORT
    sites_beat_s: float = 900  # seconds between what sites do of themselves; 0 is never
    controls: bool = True
    live: str = ""  # a TargetConfig as JSON: a host of others that 1C's part is read from
    gateway_url: str = ""  # that Oktell, the sites and 1C post to, where none is started beside them

    def controls_at(self, url: str) -> str:
        """This address, or nothing where there are to be no controls."""
        return url if self.controls else ""


@dataclass(frozen=True, slots=True)
class Server:
    """One server: its name, where callers find it, and what answers on which socket.

    `controls` is where /_control is, also while nobody can get through at `url`; empty for a party without any.
    `page` is the address to show of it, for one that does not serve the personnel contract; `credentials` are to be
    shown where it has others than the development ones.
    """

    name: str
    url: str
    app: ASGIApp
    bound: socket.socket
    controls: str = ""
    page: str = ""
    credentials: dict[str, str] = field(default_factory=dict)
