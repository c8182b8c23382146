"""Requests to the gateway's operations API, as sites and 1C make them; no answer is told from a refusal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import httpx
import orjson

from argus_wfm.json_type import Json
from argus_wfm.openapi import load

Token = str | Callable[[], str]
ANSWER_S = 15.0
PAGE = 500


class GatewayClient:
    """`token` is asked for again when the gateway says that it has expired; without a gateway nothing arrives."""

    def __init__(self, gateway: str, token: Token) -> None:
        self._base = gateway.rstrip("/") + load("operations").base_path if gateway else ""
        self._new_token = token if callable(token) else lambda: token
        self._token = ""
        self._http = httpx.AsyncClient(trust_env=False, timeout=ANSWER_S, verify=gateway.startswith("https"))

    async def close(self) -> None:
        """Its connections."""
        await self._http.aclose()

    async def post(self, path: str, body: bytes) -> tuple[int, Json] | None:
        """(status, body), None where nobody who is Central has answered."""
        return await self._asked("POST", path, content=body)

    async def pages(self, path: str, cursor: str = "", **query: str) -> list[Json] | None:
        """All items from a cursor on; None where one page did not come."""
        items: list[Json] = []
        given = {"limit": str(PAGE), **query}
        while True:
            reply = await self._asked("GET", path, params=given | ({"cursor": cursor} if cursor else {}))
            if reply is None or reply[0] != 200:
                return None
            items += reply[1]["items"]
            if not (cursor := reply[1]["next"]):
                return items

    async def cut_off(self, path: str, body: bytes) -> None:
        """Half a request, and then nothing more of it."""

        async def half() -> Any:
            yield body[: len(body) // 2]
            raise ConnectionAbortedError(urlsplit(self._base).netloc)

        try:
            await self._http.post(self._base + path, content=half(), headers=self._headers())
        except (ConnectionAbortedError, httpx.HTTPError):
            return

    async def _asked(self, method: str, path: str, **options: Any) -> tuple[int, Json] | None:
        if not self._base:
            return None
        try:
            reply = await self._http.request(method, self._base + path, headers=self._headers(), **options)
            if reply.status_code == 401:
                self._token = ""
                reply = await self._http.request(method, self._base + path, headers=self._headers(), **options)
            return None if reply.is_server_error else (reply.status_code, orjson.loads(reply.content))
        except (httpx.HTTPError, httpx.InvalidURL, orjson.JSONDecodeError):
            return None

    def _headers(self) -> dict[str, str]:
        self._token = self._token or self._new_token()
        return {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
