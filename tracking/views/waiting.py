"""Waits for an answer as long as its reader does.

A server learns that a reader has left only when it sends something. An answer that comes soon is
sent as ever; one that takes longer is begun without it, and sent nothing again and again until it
is there: then leaving shows, and the work ends.
"""

from collections.abc import Callable, Generator, Iterator
from contextvars import copy_context
from threading import Event, Thread
from typing import Generic, TypeVar

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

SOON_SECONDS = 1.0
HEARTBEAT_SECONDS = 0.1

Answer = TypeVar("Answer")


def respond(
    ask: Callable[[Event], Answer],
    show: Callable[[Answer], HttpResponse],
    excuse: Callable[[Exception], HttpResponse],
    expected: tuple[type[Exception], ...],
) -> HttpResponseBase:
    """The response that `show` makes of the answer, or `excuse` of an expected failure.

    `ask` runs in a thread of its own, without the database, and ends early when its event is set.
    One that is begun before its answer is there has status 200, whatever comes of it.
    """
    asking = _Asking(ask)

    def response() -> HttpResponse:
        try:
            return show(asking.result())
        except expected as error:
            return excuse(error)

    if asking.is_over(SOON_SECONDS):
        return response()
    # Whichever thread sends it, it is shown as its reader's request wants it.
    context = copy_context()
    return StreamingHttpResponse(_late(asking, lambda: context.run(response)))


def awaited(ask: Callable[[Event], Answer]) -> Generator[bytes, None, Answer]:
    """Nothing, again and again until `ask` has an answer, which it then returns.

    Within what is streamed to a reader, who is noticed when they leave: then the event is set.
    """
    asking = _Asking(ask)
    yield from _heartbeats(asking)
    return asking.result()


def _late(asking: "_Asking[Answer]", response: Callable[[], HttpResponse]) -> Iterator[bytes]:
    yield from _heartbeats(asking)
    yield response().content


def _heartbeats(asking: "_Asking[Answer]") -> Iterator[bytes]:
    try:
        while not asking.is_over(HEARTBEAT_SECONDS):
            # Nothing goes over the wire, but a reader who has left is noticed.
            yield b""
    finally:
        asking.left.set()


class _Asking(Generic[Answer]):
    """What goes on in the other thread."""

    def __init__(self, ask: Callable[[Event], Answer]) -> None:
        self.left = Event()
        self._ask = ask
        self._answer: list[Answer] = []
        self._error: Exception | None = None
        self._over = Event()
        Thread(target=self._run, name="report", daemon=True).start()

    def is_over(self, seconds: float) -> bool:
        """Whether there is a result, after waiting for it this long at most."""
        return self._over.wait(seconds)

    def result(self) -> Answer:
        """The answer, or what was raised instead."""
        if self._error is not None:
            raise self._error
        return self._answer[0]

    def _run(self) -> None:
        try:
            self._answer.append(self._ask(self.left))
        except Exception as error:  # noqa: BLE001 - handed on to the thread that waits
            self._error = error
        finally:
            self._over.set()
