"""The directory (LDAP, Active Directory): who somebody is, and whether this is their password (seed section 3).

Each login is made within the time limit, behind the breaker, and stands in the audit trail. For a name that nobody has,
a bind is made all the same, so that it takes the same time.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import logging
import ssl
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

from ldap3.core.exceptions import LDAPException, LDAPOperationResult

from argus_wfm.gateway.audit import Record, as_error
from argus_wfm.gateway.clock import Clock
from argus_wfm.gateway.errors import CircuitOpen, LdapUnavailable, UpstreamDown, UpstreamTimeout
from argus_wfm.gateway.upstream.breaker import Breaker
from argus_wfm.gateway.upstream.ldap_login import DirectoryAccount, DirectoryError, Identity, Login, Service
from argus_wfm.gateway.upstream.status import UpstreamStatus
from argus_wfm.openapi.errors import ApiError

__all__ = ["DirectoryAccount", "DirectoryError", "Identity", "LdapDirectory"]
log = logging.getLogger("argus.gateway.ldap")
THREADS = 16  # logins at once; ldap3 blocks
AGAIN_S = "5"
REFUSED = {"code": "INVALID_CREDENTIALS", "message": "The directory does not know this user with this password."}
TIMED_OUT = "the directory did not answer in time"


class LdapDirectory:
    """One for a process. Raises DirectoryError for settings that cannot be."""

    def __init__(
        self,
        account: DirectoryAccount,
        breaker: Breaker,
        clock: Clock,
        timeout_s: float,
        record: Callable[[Record], Awaitable[None]],
    ) -> None:
        self._service = Service(account, timeout_s)
        self._account, self.breaker, self._clock, self._timeout_s = account, breaker, clock, timeout_s
        self._record = record
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="ldap")
        self.seen = UpstreamStatus()

    async def authenticate(self, username: str | None, password: str, request_id: str = "") -> Identity | None:
        """Who this is; None for an unknown name, a wrong password, an account that may not log in.

        None as the name is somebody who is not let in, whatever comes. Raises LdapUnavailable, CircuitOpen.
        """
        asked, started = self._clock.now(), time.perf_counter()
        failure: ApiError | None = ApiError("The login was given up before the directory had answered.")
        identity: Identity | None = None
        try:
            identity = await self._tried(username, password)
            failure = None
        except (UpstreamDown, UpstreamTimeout) as error:
            words = f"The directory cannot be asked: {error.details['last_error']}. Try again later."
            failure = LdapUnavailable(words, headers={"Retry-After": AGAIN_S}, **error.details)
            raise failure from error
        except CircuitOpen as error:
            failure = error
            raise
        finally:
            if not isinstance(failure, CircuitOpen):
                duration_ms = (time.perf_counter() - started) * 1000
                await self._record(self._told(identity, failure, asked, duration_ms, request_id))
        return identity

    def patience(self) -> contextlib.AbstractAsyncContextManager[None]:
        """How long a login may wait for its turn. Raises TimeoutError."""
        return self._clock.deadline(self._timeout_s)

    def reset(self) -> None:
        """As new: nothing known of it, the breaker closed."""
        self.breaker.reset()
        self.seen.reset()

    def close(self) -> None:
        """No more logins."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._service.close()

    async def _tried(self, username: str | None, password: str) -> Identity | None:
        with self.breaker.call():
            try:
                identity = await self._within_time(Login(self._service, username, password))
            except (UpstreamDown, UpstreamTimeout) as error:
                self.seen.failed(self._clock.now(), str(error.details["last_error"]))
                raise
        self.seen.succeeded(self._clock.now())
        return identity

    async def _within_time(self, login: Login) -> Identity | None:
        """Raises UpstreamTimeout, UpstreamDown."""
        try:
            async with self._clock.deadline(self._timeout_s):
                return await asyncio.get_running_loop().run_in_executor(self._pool, login.run)
        except TimeoutError as error:
            raise UpstreamTimeout("", last_error=TIMED_OUT) from error
        except (LDAPException, OSError) as error:
            said = _reason(error)
            log.warning("A login at the directory failed: %s", said)
            raise UpstreamDown("", last_error=said) from error
        finally:
            login.give_up()  # where it was left behind, its thread is free for others

    def _told(
        self, identity: Identity | None, failure: ApiError | None, asked: dt.datetime, duration_ms: float, id_: str
    ) -> Record:
        error = as_error(failure.code, str(failure), failure.details) if failure else None if identity else REFUSED
        return Record(
            direction="outbound",
            system="ldap",
            requested_at=asked,
            responded_at=self._clock.now(),
            principal=identity.username if identity else None,
            operation="login",
            method=None,
            path=None,
            payload=None,
            status=None,
            error=error,
            duration_ms=round(duration_ms, 3),
            request_id=id_ or None,
            transport="ldaps" if self._account.is_encrypted else "ldap",
        )


def _reason(error: Exception) -> str:
    """In a few words that anybody may hear: no addresses, nothing that was sent, nothing that it said."""
    if isinstance(error, LDAPOperationResult):
        return f"it refuses ({error.description}, {error.result})"
    return "its certificate is not accepted" if _is_of_tls(error) else "no connection, or a dropped one"


def _is_of_tls(error: BaseException | None) -> bool:
    """ldap3 wraps what was raised, and keeps it in its text alone."""
    return isinstance(error, ssl.SSLError) or "CERTIFICATE" in str(error).upper()
