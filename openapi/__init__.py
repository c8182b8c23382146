"""The contracts, and the one way to serve them.

load("personnel")                       a Contract: operations, schemas, examples
load_stream()                           the Stream of agents' status: address, query, messages
serve({"personnel": handlers}, …)       an ASGI application that keeps to it
"""

from typing import TYPE_CHECKING, Any

from argus_wfm.openapi.contract import Contract, Operation, load
from argus_wfm.openapi.exchange import ApiResponse, Authenticate, Call, Handler, Handlers, ServedExchange
from argus_wfm.openapi.stream import Stream, load_stream

if TYPE_CHECKING:
    from argus_wfm.openapi.serving import OperationMismatch, accounts, serve

__all__ = [
    "ApiResponse",
    "Authenticate",
    "Call",
    "Contract",
    "Handler",
    "Handlers",
    "Operation",
    "OperationMismatch",
    "ServedExchange",
    "Stream",
    "accounts",
    "load",
    "load_stream",
    "serve",
]


def __getattr__(name: str) -> Any:
    """What serves is imported when asked for: the judge reads contracts and need not pay for connexion."""
    if name in ("OperationMismatch", "accounts", "serve"):
        from argus_wfm.openapi import serving

        return getattr(serving, name)
    raise AttributeError(f"module 'argus_wfm.openapi' has no attribute {name!r}")
