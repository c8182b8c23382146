"""What the mock directory does with each LDAP request, in Active Directory's words where it refuses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ldaptor.protocols import pureldap

from argus_wfm.mocks.ldap import entries, names, paging
from argus_wfm.mocks.ldap.accounts import BindRefusal
from argus_wfm.mocks.ldap.directory import BASE, SUBTREE, DirectoryEntries
from argus_wfm.mocks.ldap.entries import DOMAIN, Entry
from argus_wfm.mocks.ldap.names import BadName, Name
from argus_wfm.mocks.ldap.protocol import Undecodable

MOST_ENTRIES = 1000  # at once: AD's MaxPageSize
STARTTLS, WHO_AM_I = b"1.3.6.1.4.1.1466.20037", b"1.3.6.1.4.1.4203.1.11.3"
SUCCESS, OPERATIONS_ERROR, PROTOCOL_ERROR, TIME_LIMIT, SIZE_LIMIT = 0, 1, 2, 3, 4
COMPARE_FALSE, COMPARE_TRUE, NO_SUCH_METHOD, CRITICAL_CONTROL = 5, 6, 7, 12
NO_SUCH_ATTRIBUTE, NO_SUCH_OBJECT, BAD_DN, BAD_CREDENTIALS, NO_RIGHTS, UNWILLING = 16, 32, 34, 49, 50, 53
# Real ones end with a NUL, which is why these do
BIND_FIRST = (
    "000004DC: LdapErr: DSID-0C090A5C, comment: In order to perform this operation a successful bind must be "
    "completed on the connection., data 0, v4563\0"
)
REFUSED = "80090308: LdapErr: DSID-0C090439, comment: AcceptSecurityContext error, data {}, v4563\0"
UNKNOWN_REQUEST = "0000203D: LdapErr: DSID-0C0910C3, comment: Unknown extended request OID, data 0, v4563\0"
UNKNOWN_CONTROL = "00000057: LdapErr: DSID-0C09087A, comment: Error processing control, data 0, v4563\0"
TLS_ALREADY = "00000000: LdapErr: DSID-0C090F9A, comment: TLS or SSL already in effect, data 0, v4563\0"
NOT_ALLOWED = "00002098: SecErr: DSID-031514A0, problem 4003 (INSUFF_ACCESS_RIGHTS), data 0\n\0"
BAD_NAME = "0000208F: NameErr: DSID-03100233, problem 2006 (BAD_NAME), data 8350, best match of:\n\t'{}'\n\0"
NO_OBJECT = "0000208D: NameErr: DSID-03100245, problem 2001 (NO_OBJECT), data 0, best match of:\n\t'{}'\n\0"
UNAUTHENTICATED = "unauthenticated bind (a name without a password) is not allowed"
Reply = Any  # one of ldaptor's LDAP…Response classes
Controls = Sequence[paging.Control]


class RequestRefused(Exception):
    """The request is answered with this result code and message."""

    def __init__(self, code: int, message: str = "", matched: str = "") -> None:
        super().__init__(message)
        self.code, self.matched = code, matched


class Session:
    """Who is bound on a connection, and what they may have. `begin_tls` starts TLS, where there is none yet."""

    def __init__(self, directory: DirectoryEntries, begin_tls: Callable[[], None], *, secure: bool) -> None:
        self._directory, self._begin_tls, self._secure = directory, begin_tls, secure
        self._bound: Entry | None = None
        change = self._change
        self._answers: dict[type, tuple[type, Callable[[Any, Any, float], list[Reply]]]] = {
            pureldap.LDAPBindRequest: (pureldap.LDAPBindResponse, self._bind),
            pureldap.LDAPSearchRequest: (pureldap.LDAPSearchResultDone, self._search),
            pureldap.LDAPCompareRequest: (pureldap.LDAPCompareResponse, self._compare),
            pureldap.LDAPExtendedRequest: (pureldap.LDAPExtendedResponse, self._extended),
            pureldap.LDAPModifyRequest: (pureldap.LDAPModifyResponse, change),
            pureldap.LDAPAddRequest: (pureldap.LDAPAddResponse, change),
            pureldap.LDAPDelRequest: (pureldap.LDAPDelResponse, change),
            pureldap.LDAPModifyDNRequest: (pureldap.LDAPModifyDNResponse, change),
        }

    def operation(self, request: Any) -> str | None:
        """What a fault would call the request."""
        match request:
            case pureldap.LDAPBindRequest():
                service = self._directory.named(_text(request.dn)) is self._directory.person(entries.SERVICE_LOGIN)
                return "serviceBind" if service else "bind"
            case pureldap.LDAPSearchRequest():
                return "search"
        return None

    def replies(self, message: Any, arrived: float) -> list[tuple[Reply, Controls]]:
        """Everything that answers a message, which arrived at that time of the clock. Raises Undecodable."""
        if isinstance(message.value, pureldap.LDAPAbandonRequest):
            return []  # what it would stop has been answered
        if type(message.value) not in self._answers:
            raise Undecodable(f"{type(message.value).__name__} is not known")
        reply, act = self._answers[type(message.value)]
        try:
            page = paging.asked(message.controls)
            if any(critical and kind != paging.OID for kind, critical, _ in message.controls or ()):
                raise RequestRefused(CRITICAL_CONTROL, UNKNOWN_CONTROL)
            with self._directory.lock:
                if isinstance(message.value, pureldap.LDAPSearchRequest) and page:
                    return self._paged(message.value, page, arrived)
                return [(one, ()) for one in act(message.value, reply, arrived)]
        except RequestRefused as error:
            return [(reply(resultCode=error.code, matchedDN=error.matched, errorMessage=str(error)), ())]

    def _bind(self, request: Any, reply: type, _arrived: float) -> list[Reply]:
        self._bound = None
        if not isinstance(request.version, int):
            raise Undecodable("a version is a number")
        if request.version != 3:
            raise RequestRefused(PROTOCOL_ERROR, "LDAP is spoken in version 3")
        if request.sasl:
            raise RequestRefused(NO_SUCH_METHOD, "simple binds alone")
        who, password = _text(request.dn), request.auth
        if not isinstance(password, bytes):
            raise Undecodable("a password is an OCTET STRING")
        if who and not password:
            raise RequestRefused(UNWILLING, UNAUTHENTICATED)
        if who or password:
            outcome = self._directory.bind(who, password)
            if isinstance(outcome, BindRefusal):
                raise RequestRefused(BAD_CREDENTIALS, REFUSED.format(outcome))
            self._bound = outcome
        return [reply(resultCode=SUCCESS)]

    def _search(self, request: Any, reply: type, arrived: float) -> list[Reply]:
        if request.scope not in (BASE, 1, SUBTREE):
            raise RequestRefused(PROTOCOL_ERROR, "scope is 0, 1 or 2")
        if not request.baseObject and request.scope == BASE:
            return [self._root(request), reply(resultCode=SUCCESS)]
        found, code = self._found(request, min(request.sizeLimit or MOST_ENTRIES, MOST_ENTRIES), arrived)
        return [*(self._entry(entry, request) for entry in found), reply(resultCode=code)]

    def _paged(self, request: Any, page: paging.Page, arrived: float) -> list[tuple[Reply, Controls]]:
        size = min(page.size or MOST_ENTRIES, MOST_ENTRIES)
        found, code = self._found(request, page.begin + size, arrived)
        more = page.begin + size if code == SIZE_LIMIT else None
        if code == SIZE_LIMIT and not 0 < request.sizeLimit <= page.begin + size:
            code = SUCCESS
        done = pureldap.LDAPSearchResultDone(resultCode=code)
        return [*((self._entry(entry, request), ()) for entry in found[page.begin :]), (done, (paging.told(more),))]

    def _found(self, request: Any, limit: int, arrived: float) -> tuple[list[Entry], int]:
        """At most so many, and with which result code."""
        self._need_bind()
        base, found = self._base(request.baseObject), list[Entry]()
        clock = self._directory.clock
        for entry in self._directory.search(base, request.scope, request.filter):
            if len(found) == limit:
                return found, SIZE_LIMIT
            found.append(entry)
        late = 0 < request.timeLimit <= clock.elapsed() - arrived
        return ([], TIME_LIMIT) if late else (found, SUCCESS)

    def _entry(self, entry: Entry, request: Any) -> Reply:
        shown = self._directory.shown(entry, [_text(name) for name in request.attributes])
        values = [(name, () if request.typesOnly else held) for name, held in shown.items()]
        return pureldap.LDAPSearchResultEntry(entry.dn, values)

    def _root(self, request: Any) -> Reply:
        """The root DSE, which anybody may read."""
        held = {
            "objectClass": ["top"],
            "namingContexts": [entries.ROOT],
            "defaultNamingContext": [entries.ROOT],
            "supportedLDAPVersion": ["3"],
            "supportedExtension": [STARTTLS, WHO_AM_I],
            "supportedControl": [paging.OID],
            "vendorName": ["argus mock directory"],
        }
        asked = {_text(name).lower() for name in request.attributes} or {"*"}
        shown = [(name, values) for name, values in held.items() if asked & {"*", "+", name.lower()}]
        return pureldap.LDAPSearchResultEntry("", shown)

    def _compare(self, request: Any, reply: type, _arrived: float) -> list[Reply]:
        self._need_bind()
        entry = self._directory.base(self._base(request.entry))
        assert entry is not None  # _base() has looked
        attribute = request.ava.attributeDesc
        if not self._directory.matches(entry, pureldap.LDAPFilter_present(attribute.value)):
            raise RequestRefused(NO_SUCH_ATTRIBUTE)
        asserted = pureldap.LDAPFilter_equalityMatch(attribute, request.ava.assertionValue)
        return [reply(resultCode=COMPARE_TRUE if self._directory.matches(entry, asserted) else COMPARE_FALSE)]

    def _extended(self, request: Any, reply: type, _arrived: float) -> list[Reply]:
        if request.requestName == WHO_AM_I:
            who = f"u:{DOMAIN}\\{self._bound.login}" if self._bound else ""
            return [reply(resultCode=SUCCESS, response=who)]
        if request.requestName != STARTTLS:
            raise RequestRefused(PROTOCOL_ERROR, UNKNOWN_REQUEST)
        if self._secure:
            raise RequestRefused(OPERATIONS_ERROR, TLS_ALREADY)
        self._secure, self._bound = True, None
        self._begin_tls()
        return [reply(resultCode=SUCCESS, responseName=STARTTLS)]

    def _change(self, _request: Any, _reply: type, _arrived: float) -> list[Reply]:
        self._need_bind()
        raise RequestRefused(NO_RIGHTS, NOT_ALLOWED)

    def _need_bind(self) -> None:
        if self._bound is None:
            raise RequestRefused(OPERATIONS_ERROR, BIND_FIRST)

    def _base(self, dn: Any) -> Name:
        """Raises RequestRefused for no name, and for one that nothing has."""
        text = _text(dn)
        try:
            name = names.parse(text)
        except BadName as error:
            raise RequestRefused(BAD_DN, BAD_NAME.format(text)) from error
        if self._directory.base(name) is None:
            nearest = self._directory.nearest(name)
            raise RequestRefused(NO_SUCH_OBJECT, NO_OBJECT.format(nearest), nearest)
        return name


def _text(value: Any) -> str:
    """Of an LDAPString. Raises Undecodable for what is none."""
    try:
        return bytes.decode(value)
    except (TypeError, UnicodeDecodeError) as error:
        raise Undecodable("a string is UTF-8") from error
