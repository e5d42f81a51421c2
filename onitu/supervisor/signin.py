"""Signs in to services whose credentials only a provider gives out, such as OAuth.

Each sign-in has a driver of its own for as long as it lasts: it is the same whether the service runs, has failed or was
stopped, and it asks nothing of the one that serves the folders. There is one a service; another one takes its place.

What a browser brings back is only put down here. It is used when whoever asked for the sign-in asks for its end: a page
elsewhere can send a browser here, and can never end a sign-in by that. No answer and no credentials are ever logged.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import parse_qs, urlsplit

import attrs
import trio

from onitu.config.secret import look_up_all
from onitu.errors import DriverError, InvalidPath, NotFound, OnituError
from onitu.log import get_logger
from onitu.loopback import is_loopback
from onitu.supervisor.opening import opened

if TYPE_CHECKING:
    from onitu.config.values import ServiceSetup
    from onitu.core.manifest import Manifest, OptionValue
    from onitu.host.client import DriverClient
    from onitu.supervisor.life import Common

#: Seconds that a person has for it.
LONGEST = 600.0

#: Characters of a `state` that nobody can guess.
_UNGUESSABLE = 16

_EXPIRED = "there is no such sign-in, or it has expired: begin again"

#: Keeps credentials for a service.
Keep: TypeAlias = Callable[[Mapping[str, "OptionValue"]], Awaitable[None]]


@attrs.define(eq=False)
class SignIn:
    """One sign-in.

    Attributes:
        service: To which service.
        redirect: Where the browser comes back to, or None.
        state: What it is known by.
        uri: What the person must open.
        account: Whose it is, once it has ended well.
    """

    service: str
    redirect: str | None
    state: str = ""
    uri: str = attrs.field(default="", repr=False)
    account: str = ""
    _answer: str = attrs.field(default="", repr=False)
    _refused: OnituError | None = None
    _refusals: int = 0
    _over: bool = False
    _wanted: bool = False
    _turn: trio.Event = attrs.field(factory=trio.Event, repr=False)
    scope: trio.CancelScope = attrs.field(factory=trio.CancelScope, repr=False)

    def begin(self, uri: str, taken: Callable[[str], bool]) -> None:
        """Says what the person must open.

        Args:
            uri: The address.
            taken: Whether another sign-in is known by a state.

        Raises:
            DriverError: It is none that a browser should open.
        """
        parts = urlsplit(uri)
        if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname or "")):
            message = "the driver names no https address to sign in at"
            raise DriverError(message)
        states = parse_qs(parts.query).get("state", [])
        good = len(states) == 1 and len(states[0]) >= _UNGUESSABLE and not taken(states[0])
        self.uri, self.state = uri, states[0] if good else secrets.token_urlsafe(24)
        self._moved()

    def bring(self, answer: str) -> None:
        """Puts down what the browser or the person has brought."""
        if not self._over:
            self._answer = answer
            self._moved()

    def end(self, *, account: str = "", refused: OnituError | None = None) -> None:
        """Says how it has ended; only the first word counts."""
        if self._over:
            return
        self.account, self._refused, self._over, self._answer = account, refused, True, ""
        self._moved()

    def refuse(self, error: OnituError) -> None:
        """Says that what was brought is no answer; another one may be."""
        self._refused, self._answer = error, ""
        self._refusals += 1
        self._moved()

    async def begun(self) -> None:
        """Waits until it is known what the person must open.

        Raises:
            OnituError: It cannot begin.
        """
        while not self.state and not self._over:
            await self._turn.wait()
        if not self.state and self._refused is not None:
            raise self._refused

    async def answer(self) -> str:
        """Waits for what was brought, and for somebody who wants it used."""
        while not (self._answer and self._wanted):
            await self._turn.wait()
        return self._answer

    async def ended(self) -> None:
        """Wants it ended, and waits until it is.

        Raises:
            OnituError: It has failed, or the answer is none.
        """
        self._wanted = True
        self._moved()
        before = self._refusals
        while not self._over and self._refusals == before:
            await self._turn.wait()
        if self._refused is not None:
            raise self._refused

    def _moved(self) -> None:
        turn, self._turn = self._turn, trio.Event()
        turn.set()


class SignIns:
    """The sign-ins under way.

    Args:
        common: What all services share.
    """

    def __init__(self, common: Common) -> None:
        self._common = common
        self._by_service: dict[str, SignIn] = {}
        self._nursery: trio.Nursery | None = None

    async def run(self) -> None:
        """Lets sign-ins live until it is cancelled."""
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            await trio.sleep_forever()

    async def begin(self, setup: ServiceSetup, redirect: str | None, keep: Keep) -> SignIn:
        """Begins a sign-in, in the place of another one to the same service.

        Args:
            setup: What the setup says of the service.
            redirect: Where the browser may come back to, or None.
            keep: Takes the credentials.

        Raises:
            OnituError: It cannot; `Unsupported` where the driver has no sign-in.
        """
        before = self._by_service.pop(setup.name, None)
        if before is not None:
            before.scope.cancel()
            before.end(refused=NotFound(_EXPIRED))
        one = self._by_service[setup.name] = SignIn(setup.name, redirect)
        if self._nursery is None:
            raise NotFound(_EXPIRED)
        self._nursery.start_soon(self._live, one, setup, keep)
        await one.begun()
        return one

    def bring(self, state: str, query: str) -> bool:
        """Puts down what a browser has brought back; returns whether anybody waits for it.

        Args:
            state: What the sign-in is known by.
            query: All that stood behind the address.
        """
        for one in self._by_service.values():
            if one.redirect is not None and one.state and hmac.compare_digest(one.state.encode(), state.encode()):
                one.bring(f"{one.redirect}?{query}")
                return True
        return False

    def get(self, service: str, state: str) -> SignIn:
        """Returns a sign-in.

        Raises:
            NotFound: There is none.
        """
        one = self._by_service.get(service)
        if one is None or not one.state or not hmac.compare_digest(one.state.encode(), state.encode()):
            raise NotFound(_EXPIRED)
        return one

    async def _live(self, one: SignIn, setup: ServiceSetup, keep: Keep) -> None:
        """Lives one sign-in. Nothing that a driver does gets out of here."""
        log = get_logger(service=setup.name)
        try:
            with one.scope, trio.move_on_after(LONGEST):
                async with opened(
                    setup.driver,
                    service=setup.name,
                    runtime=self._common.runtime,
                    directory=self._common.directory,
                    log=log,
                ) as (client, _):
                    one.end(account=await self._signed_in(client, one, setup, keep))
                    log.info("service_authorized")
            one.end(refused=NotFound(_EXPIRED))
        except OnituError as error:
            one.end(refused=error)
        except Exception as error:  # noqa: BLE001 - a supervised border
            # Without its text, which may hold what nobody should read.
            log.error("api_failed", error=f"a sign-in ended with {type(error).__name__}")  # noqa: TRY400
            one.end(refused=DriverError("an error in Onitu itself"))

    async def _signed_in(self, client: DriverClient, one: SignIn, setup: ServiceSetup, keep: Keep) -> str:
        """Signs in, keeps the credentials and returns whose account it is."""
        manifest = await client.manifest()
        options, _ = look_up_all(setup.options, manifest, self._common.directory)
        uri, session = await client.begin_authorization(options, one.redirect)
        one.begin(uri, lambda state: any(other.state == state for other in self._by_service.values()))
        while True:
            try:
                credentials, account = await client.finish_authorization(session, await one.answer())
            except InvalidPath as error:
                one.refuse(error)
                continue
            _check_secret(credentials, manifest)
            await keep(credentials)
            return account


def with_credentials(block: Mapping[str, object], credentials: Mapping[str, OptionValue]) -> dict[str, object]:
    """Returns what is said of a service, with credentials in the place of those that it had, "-" and "_" alike."""
    new = {key.replace("-", "_") for key in credentials}

    def others(options: Mapping[str, object]) -> dict[str, object]:
        return {key: value for key, value in options.items() if key.replace("-", "_") not in new}

    nested = block.get("options")
    return {**others(block), "options": {**others(nested if isinstance(nested, dict) else {}), **credentials}}


def _check_secret(credentials: Mapping[str, OptionValue], manifest: Manifest) -> None:
    """Makes sure that credentials will never be shown.

    Raises:
        DriverError: They would be.
    """
    for key in credentials:
        option = manifest.option(key)
        if option is None or not option.secret:
            message = f"the driver gives out '{key}', which its manifest does not have as a secret option"
            raise DriverError(message)
