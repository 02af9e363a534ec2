"""Signing in at a provider over real HTTP: by code, in a browser, by pasting, as an app; and what goes wrong."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from support.keyrings import MemoryKeyring, keyring_in_use
from support.leaping_clock import in_leaps
from support.token_server import CLIENT_SECRET, Provider, provider_on_loopback, visit
from support.traceback_variables import variables_shown

from notebookmail import FrameError, OAuth, Server, SignInError, SMTPConnectError
from notebookmail.privacy.secret import Secret
from notebookmail.server import sign_in as sign_in_module
from notebookmail.server.sign_in import is_elsewhere, sign_in, way_for
from notebookmail.server.tokens import keeper_of
from notebookmail.view.html.sign_in import sign_in_html
from notebookmail.view.terminal.sign_in import sign_in_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notebookmail.view.words.sign_in import SignInCard

ME = "me@example.org"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"


@pytest.fixture(autouse=True)
def memory() -> Iterator[MemoryKeyring]:
    with keyring_in_use(MemoryKeyring()) as backend:
        yield backend


class Watching:
    """A face that remembers what was shown, and lets tests wait for it."""

    def __init__(self) -> None:
        self.cards: list[SignInCard] = []
        self.is_waiting = asyncio.Event()

    def show(self, card: SignInCard) -> None:
        self.cards.append(card)
        if card.status == "waiting":
            self.is_waiting.set()

    @property
    def last(self) -> str:
        return sign_in_html(self.cards[-1]) + sign_in_text(self.cards[-1])


def assert_harmless(provider: Provider, face: Watching) -> None:
    """What stays in the cell holds neither code nor link nor secret."""
    assert face.cards[-1].status != "waiting"
    assert not any(token in face.last for token in provider.all_tokens)
    assert "WDJB" not in face.last
    assert "href" not in face.last
    assert "state=" not in face.last


async def is_signed_in(provider: Provider, oauth: OAuth) -> bool:
    return provider.is_live((await keeper_of(oauth, ME)()).reveal().decode())


# --- by a code ------------------------------------------------------------------------------------------------


@in_leaps
async def test_a_device_code_is_shown_and_waited_for_as_slowly_as_the_provider_asks() -> None:
    async with provider_on_loopback(pending=3, device_answers=["slow_down", "authorization_pending"]) as provider:
        face, oauth = Watching(), provider.oauth()
        began = asyncio.get_running_loop().time()
        await sign_in(oauth, ME, face, how="device")
        took = asyncio.get_running_loop().time() - began
        assert await is_signed_in(provider, oauth)
    assert [card.status for card in face.cards] == ["waiting", "done"]
    assert face.cards[0].code == "WDJB-MJHT"
    assert "/type-in" in face.cards[0].link
    assert "nbm-code" in sign_in_html(face.cards[0])
    assert 54 < took < 60  # 5 s, then 10 s five times: slow_down adds five for good (RFC 8628 3.5)
    assert provider.asked == [DEVICE] * 6
    assert_harmless(provider, face)


@in_leaps
async def test_a_provider_that_is_away_for_a_while_does_not_end_the_waiting() -> None:
    async with provider_on_loopback(faults=[500, "page"]) as provider:
        face, oauth = Watching(), provider.oauth()
        await sign_in(oauth, ME, face, how="device")
        assert await is_signed_in(provider, oauth)
    assert provider.asked == [DEVICE] * 3


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("access_denied", "declined in the browser"),
        ("authorization_declined", "declined in the browser"),
        ("expired_token", "before the code expired"),
        ("unauthorized_client", "Allow public client flows"),
        ("bad_verification_code", "it refuses \\(bad_verification_code\\)"),
    ],
)
def test_a_device_code_that_leads_to_nothing_says_why(answer: str, words: str) -> None:
    @in_leaps
    async def run() -> None:
        async with provider_on_loopback(device_answers=[answer]) as provider:
            face = Watching()
            with pytest.raises(SignInError, match=f"Example: .*{words}") as caught:
                await sign_in(provider.oauth(), ME, face, how="device")
            assert caught.value.error == answer
            assert face.cards[-1].status == "failed"
            assert_harmless(provider, face)

    run()


@in_leaps
async def test_nobody_is_waited_for_without_end() -> None:
    async with provider_on_loopback(pending=10_000) as provider:
        face = Watching()
        with pytest.raises(SignInError, match=r"nobody signed in within 60 s: run await server.sign_in\(\) again"):
            await sign_in(provider.oauth(), ME, face, how="device", timeout=60)
        assert_harmless(provider, face)


# --- in a browser -----------------------------------------------------------------------------------------------


async def test_a_browser_comes_back_to_this_machine_and_pkce_and_state_are_checked() -> None:
    async with provider_on_loopback() as provider:
        face, oauth = Watching(), provider.oauth()
        task = asyncio.create_task(sign_in(oauth, ME, face, how="browser"))
        await face.is_waiting.wait()
        link = face.cards[0].link
        asked = {name: values[0] for name, values in parse_qs(urlsplit(link).query).items()}
        back = urlsplit(asked["redirect_uri"])
        assert (back.hostname, asked["code_challenge_method"], asked["login_hint"]) == ("127.0.0.1", "S256", ME)
        assert len(asked["state"]) > 40

        for stranger in ("/", "/favicon.ico", "/?code=theirs", "/?code=theirs&state=theirs", f"/?{'x' * 60_000}"):
            async with httpx2.AsyncClient(trust_env=False) as other:
                answer = await other.get(f"http://127.0.0.1:{back.port}{stranger}")
            assert answer.status_code in {404, 414}
        assert not task.done()

        page = await visit(link)
        assert page.status_code == 200
        assert "You are signed in" in page.text
        assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert "src=" not in page.text
        await task
        assert await is_signed_in(provider, oauth)
        with pytest.raises(httpx2.ConnectError):
            await visit(f"http://127.0.0.1:{back.port}/")
    assert provider.asked == ["authorization_code"]
    assert_harmless(provider, face)


async def test_the_page_to_come_back_to_is_open_on_this_machine_alone() -> None:
    async with provider_on_loopback() as provider:
        face = Watching()
        task = asyncio.create_task(sign_in(provider.oauth(redirect_host="localhost"), ME, face, how="browser"))
        await face.is_waiting.wait()
        redirect = parse_qs(urlsplit(face.cards[0].link).query)["redirect_uri"][0]
        assert redirect.startswith("http://localhost:")
        with socket.socket() as ours:
            assert ours.connect_ex(("127.0.0.2", urlsplit(redirect).port)) != 0
        await visit(face.cards[0].link)
        await task


async def test_a_sign_in_that_is_declined_in_the_browser_says_so_there_and_here() -> None:
    async with provider_on_loopback() as provider:
        face = Watching()
        task = asyncio.create_task(sign_in(provider.oauth(), ME, face, how="browser"))
        await face.is_waiting.wait()
        page = await visit(f"{face.cards[0].link}&declines=1")
        with pytest.raises(SignInError, match="declined in the browser"):
            await task
    assert "Nobody was signed in" in page.text
    assert_harmless(provider, face)


async def test_a_redirect_of_another_verifier_is_refused_by_the_provider() -> None:
    async with provider_on_loopback() as provider:
        face = Watching()
        task = asyncio.create_task(sign_in(provider.oauth(), ME, face, how="browser"))
        await face.is_waiting.wait()
        link = face.cards[0].link
        await visit(link.replace("code_challenge=", "code_challenge=x"))  # somebody else's code, with our state
        with pytest.raises(SignInError, match="not valid any more"):
            await task


# --- by pasting -------------------------------------------------------------------------------------------------


async def redirected_by(link: str) -> str:
    """What stands in the address bar of a browser that cannot open it."""
    return (await visit(link, follow=False)).headers["Location"]


async def test_the_address_a_browser_elsewhere_could_not_open_is_pasted(monkeypatch: pytest.MonkeyPatch) -> None:
    async with provider_on_loopback() as provider:
        face, oauth = Watching(), provider.oauth(device=False)
        loop = asyncio.get_running_loop()
        asked: list[str] = []

        def ask(question: str) -> Secret:
            asked.append(question)
            visited = asyncio.run_coroutine_threadsafe(redirected_by(face.cards[0].link), loop)
            return Secret(f"  {visited.result()}\n")

        monkeypatch.setattr(sign_in_module, "ask", ask)  # as a kernel's prompt, it holds up this thread
        await asyncio.to_thread(asyncio.run, sign_in(oauth, ME, face, how="paste"))
        assert await is_signed_in(provider, oauth)
    assert asked == ["Paste the address here: "]
    assert "cannot open 127.0.0.1" in sign_in_text(face.cards[0])
    assert_harmless(provider, face)


async def test_a_sign_in_that_was_interrupted_is_finished_by_a_call_with_the_address() -> None:
    async with provider_on_loopback() as provider:
        face, oauth = Watching(), provider.oauth()
        task = asyncio.create_task(sign_in(oauth, ME, face, how="browser"))
        await face.is_waiting.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert "interrupted" in face.last
        assert 'server.sign_in(redirected="' in sign_in_text(face.cards[-1])
        assert_harmless(provider, face)
        address = await redirected_by(face.cards[0].link)
        for wrong, words in [
            ("http://localhost:8888/lab", "not the address from the browser's address bar"),
            (address.replace("state=", "state=x"), "belongs to another sign-in"),
            ("http://[", "not the address"),
        ]:
            with pytest.raises(SignInError, match=words):
                await sign_in(oauth, ME, face, redirected=wrong)
        await sign_in(oauth, ME, face, redirected=address)
        assert await is_signed_in(provider, oauth)
        with pytest.raises(SignInError, match="no sign-in was begun here"):
            await sign_in(oauth, ME, face, redirected=address)


async def test_where_nobody_can_be_asked_the_next_call_is_named() -> None:
    async with provider_on_loopback() as provider:
        face, oauth = Watching(), provider.oauth()
        with pytest.raises(SignInError, match=r'finish it by await server.sign_in\(redirected="http://..."\)'):
            await sign_in(oauth, ME, face, how="paste")
        await sign_in(oauth, ME, face, redirected=await redirected_by(face.cards[0].link))
        assert await is_signed_in(provider, oauth)


# --- as an app, and without anybody -----------------------------------------------------------------------------


async def test_an_app_that_signs_in_by_itself_needs_nobody() -> None:
    async with provider_on_loopback(wants_secret=True) as provider:
        oauth = provider.oauth(browser=False, device=False, client_secret=CLIENT_SECRET)
        await Server("127.0.0.1", username=ME, oauth=oauth).sign_in()
        wrong = provider.oauth(browser=False, device=False, client_secret="not-it")
        with pytest.raises(SignInError, match="does not know this client id with this client secret"):
            await Server("127.0.0.1", username=ME, oauth=wrong).sign_in()


async def test_signing_out_forgets_everything(memory: MemoryKeyring) -> None:
    async with provider_on_loopback() as provider:
        server = Server("127.0.0.1", username=ME, oauth=provider.oauth())
        face = Watching()
        assert server.oauth is not None
        task = asyncio.create_task(sign_in(server.oauth, ME, face, how="browser"))
        await face.is_waiting.wait()
        await visit(face.cards[0].link)
        await task
        assert memory.passwords
        server.sign_out()
        assert not memory.passwords
        with pytest.raises(SignInError, match="nobody has signed in"):
            await keeper_of(server.oauth, ME)()


async def test_where_nobody_sits_a_sign_in_is_an_error_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", None)
    async with provider_on_loopback() as provider:
        with pytest.raises(SignInError, match="nobody is here to sign in"):
            await Server("127.0.0.1", username=ME, oauth=provider.oauth()).sign_in(how="device")
    assert not provider.devices


async def test_a_provider_that_cannot_be_reached_is_told_from_one_that_refuses() -> None:
    with socket.create_server(("127.0.0.1", 0)) as full:
        port = full.getsockname()[1]
    gone = OAuth("x", token_url=f"http://127.0.0.1:{port}/", device_url=f"http://127.0.0.1:{port}/")
    with pytest.raises(SMTPConnectError, match=r"127.0.0.1's sign-in server cannot be reached \(ConnectError\)"):
        await sign_in(gone, ME, Watching(), how="device")


@pytest.mark.parametrize("fault", ["interaction_required", 500, "page", "hang"])
async def test_no_traceback_shows_a_secret_whatever_goes_wrong(fault: object) -> None:
    async with provider_on_loopback(wants_secret=True, faults=[fault]) as provider:
        face, oauth = Watching(), provider.oauth(client_secret=CLIENT_SECRET)
        task = asyncio.create_task(sign_in(oauth, ME, face, how="browser"))
        await face.is_waiting.wait()
        await visit(face.cards[0].link)
        if fault == "hang":
            while not provider.asked:  # noqa: ASYNC110 -- the server's turn, on this loop
                await asyncio.sleep(0)
            task.cancel()
        with pytest.raises((SignInError, SMTPConnectError, asyncio.CancelledError)) as caught:
            await task
        shown = variables_shown(caught.value)
    assert "sign_in.py" in shown
    for secret in (*provider.all_tokens, CLIENT_SECRET):
        assert secret not in shown
    assert_harmless(provider, face)


# --- which way --------------------------------------------------------------------------------------------------

MICROSOFT = OAuth.microsoft("id")
GOOGLE = OAuth.google("id", "secret")


def test_the_way_is_chosen_by_where_the_kernel_runs_and_what_the_provider_takes() -> None:
    assert way_for(MICROSOFT, None, elsewhere=False) == "browser"
    assert way_for(MICROSOFT, None, elsewhere=True) == "device"
    assert way_for(GOOGLE, None, elsewhere=False) == "browser"
    assert way_for(GOOGLE, None, elsewhere=True) == "paste"
    assert way_for(MICROSOFT, "paste", elsewhere=False) == "paste"
    with pytest.raises(FrameError, match="how='device' does not work with Google for mail: use one of 'browser'"):
        way_for(GOOGLE, "device", elsewhere=True)
    with pytest.raises(FrameError, match="it is one of"):
        way_for(GOOGLE, "telepathy", elsewhere=True)  # type: ignore[arg-type]


def test_hubs_binder_colab_and_ssh_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sign_in_module, "_CONTAINERS", ())
    assert not is_elsewhere({"HOME": "/home/me"})
    for name in ("JUPYTERHUB_USER", "BINDER_SERVICE_HOST", "COLAB_RELEASE_TAG", "SSH_CONNECTION"):
        assert is_elsewhere({name: "something"})
