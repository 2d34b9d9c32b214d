"""What keeps heavy queries apart: whose turn it is, and when one has to stop."""

import os
import time
from collections import Counter, deque
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from threading import TIMEOUT_MAX, Condition, Event, Lock, Thread
from typing import Protocol

from tracking.errors import ReportLeft, ReportsBusy, ReportTooSlow

# How often running queries are looked at; one is stopped at most this much too late.
LOOK_SECONDS = 0.05


class FairQueue:
    """Lets `places` run at once, and others wait in an order that is fair by user.

    Of users who wait, those with the fewest running go first, and among them whoever was served
    longest ago; a user's own turns come in the order in which they were asked for. At most
    `most_waiting` wait in all.
    """

    def __init__(self, places: int = 2, most_waiting: int = 64) -> None:
        self._most_waiting = most_waiting
        self._lock = Lock()
        self._free = places
        self._running: Counter[Hashable] = Counter()
        # Each waiter's event is set when a place is its own. Users stand in the order of their
        # next turns. While anybody waits no place is free.
        self._waiting: dict[Hashable, deque[Event]] = {}

    @contextmanager
    def turn(self, user: Hashable, deadline: float) -> Iterator[None]:
        """Be one of those who run, after waiting until `deadline` (of time.monotonic) at most.

        A free place is taken even when the deadline has passed. Raises ReportsBusy when no place
        came in time, or at once when too many wait already.
        """
        self._enter(user, deadline)
        try:
            yield
        finally:
            with self._lock:
                self._hand_on(user)

    def _enter(self, user: Hashable, deadline: float) -> None:
        mine = Event()
        with self._lock:
            if self._free:
                self._free -= 1
                self._running[user] += 1
                return
            if sum(map(len, self._waiting.values())) >= self._most_waiting:
                raise ReportsBusy
            self._waiting.setdefault(user, deque()).append(mine)
        try:
            mine.wait(min(max(deadline - time.monotonic(), 0), TIMEOUT_MAX))
        except BaseException:
            with self._lock:
                if not self._give_up(user, mine):
                    self._hand_on(user)
            raise
        with self._lock:
            if self._give_up(user, mine):
                raise ReportsBusy

    def _give_up(self, user: Hashable, mine: Event) -> bool:
        """Wait no longer; False when the place came first, and is the caller's now."""
        if mine.is_set():
            return False
        self._waiting[user].remove(mine)
        if not self._waiting[user]:
            del self._waiting[user]
        return True

    def _hand_on(self, user: Hashable) -> None:
        """End a turn of the user's: its place goes straight to who is next, or is free."""
        self._running[user] -= 1
        if not self._running[user]:
            del self._running[user]
        if not self._waiting:
            self._free += 1
            return
        # The first of the least, so whoever has been passed over longest.
        following = min(self._waiting, key=self._running.__getitem__)
        turns = self._waiting.pop(following)
        self._running[following] += 1
        turns.popleft().set()
        if turns:
            self._waiting[following] = turns


class Room:
    """What those who run share: many are in it at once, or one alone."""

    def __init__(self) -> None:
        self._changed = Condition(Lock())
        self._inside = self._have_come = self._want_it_alone = 0
        self._is_taken = False

    @contextmanager
    def shared(
        self, deadline: float, left: Event | None = None, *, alone: bool = False
    ) -> Iterator[Callable[[], bool]]:
        """Be inside, after waiting until `deadline` (of time.monotonic) at most.

        While somebody is, or waits to be, inside `alone`, nobody else comes in. Gives a question:
        has anybody else been inside meanwhile? Raises ReportsBusy when there was no room in time,
        and ReportLeft as soon as `left` is set while waiting.
        """
        with self._changed:
            self._want_it_alone += alone
            try:
                self._wait(deadline, left, self._is_empty if alone else self._is_open)
            finally:
                self._want_it_alone -= alone
                self._changed.notify_all()
            has_met_others = self._inside > 0
            self._inside += 1
            self._have_come += 1
            mine, self._is_taken = self._have_come, alone
        try:
            yield lambda: has_met_others or self._have_come > mine
        finally:
            with self._changed:
                self._inside -= 1
                self._is_taken = False
                self._changed.notify_all()

    def _is_empty(self) -> bool:
        return not self._inside

    def _is_open(self) -> bool:
        return not self._is_taken and not self._want_it_alone

    def _wait(self, deadline: float, left: Event | None, can_come: Callable[[], bool]) -> None:
        while not self._changed.wait_for(can_come, LOOK_SECONDS):
            if left is not None and left.is_set():
                raise ReportLeft
            if time.monotonic() >= deadline:
                raise ReportsBusy


class Interruptible(Protocol):
    """A DuckDB cursor, as far as this module needs one."""

    def interrupt(self) -> None:
        """Make what this cursor runs now raise in the thread that runs it."""


@contextmanager
def limited(cursor: Interruptible, seconds: float, left: Event | None = None) -> Iterator[None]:
    """Stop what the cursor runs inside after `seconds`, or as soon as `left` is set.

    Execute and fetch inside: rows are made while they are fetched. Raises ReportTooSlow or
    ReportLeft in place of what the interrupted statement raised. One that ends before the
    interrupt reaches it keeps its answer.
    """
    watched = _Watched(cursor, time.monotonic() + seconds, left)
    if watched.is_left():
        raise ReportLeft
    watchdog = _watchdog(os.getpid())
    watchdog.add(watched)
    try:
        yield
    except Exception as error:
        if not watched.is_interrupted:
            raise
        raise (ReportLeft() if watched.is_left() else ReportTooSlow(seconds)) from error
    finally:
        watchdog.remove(watched)


@dataclass(eq=False)
class _Watched:
    cursor: Interruptible
    deadline: float
    left: Event | None
    is_interrupted: bool = False

    def is_left(self) -> bool:
        return self.left is not None and self.left.is_set()

    def look(self) -> None:
        """Interrupt what has to end.

        Again at each look, since DuckDB forgets an interrupt that comes between statements.
        """
        if self.is_left() or time.monotonic() >= self.deadline:
            self.is_interrupted = True
            # A cursor that was closed inside has nothing to stop, and the others need the watchdog.
            with suppress(Exception):
                self.cursor.interrupt()


class _Watchdog:
    """A thread that looks at what runs, and sleeps while nothing does."""

    def __init__(self) -> None:
        self._changed = Condition(Lock())
        self._watched: set[_Watched] = set()
        Thread(target=self._keep_looking, name="report limits", daemon=True).start()

    def add(self, watched: _Watched) -> None:
        with self._changed:
            if not self._watched:
                self._changed.notify()
            self._watched.add(watched)

    def remove(self, watched: _Watched) -> None:
        """From here on the watchdog leaves its cursor alone."""
        with self._changed:
            self._watched.discard(watched)

    def _keep_looking(self) -> None:
        with self._changed:
            while True:
                self._changed.wait(LOOK_SECONDS if self._watched else None)
                self._look()

    def _look(self) -> None:
        # Apart from the loop, whose names would keep the last cursor alive.
        for watched in self._watched:
            watched.look()


@lru_cache(maxsize=1)
def _watchdog(_pid: int) -> _Watchdog:
    """This process's, started at the first query: a thread does not live on in a forked child.

    Two first queries that meet may get one each, which does as well.
    """
    return _Watchdog()
