"""Who runs next, who is told to come back, and what stops a query that would run for minutes."""

import gc
import math
import os
import random
import subprocess
import sys
import time
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from queue import SimpleQueue
from threading import Event, Lock, Thread

import duckdb
import pytest

from tests.instance import wait_for
from tracking.errors import ReportLeft, ReportsBusy, ReportTooSlow, TrackingError
from tracking.reports import turns
from tracking.reports.turns import FairQueue, Room, limited

MINUTES = "SELECT count(*) FROM range(10000000) a, range(10000000) b"
MINUTES_OF_ROWS = "SELECT * FROM range(10000000) a, range(10000000) b"
NEVER = math.inf
# A hang fails by its name rather than by the whole run's end.
PATIENCE_SECONDS = 20


class Announced(Event):
    """An event that says when somebody begins to wait for it."""

    begun: SimpleQueue[None]

    def wait(self, timeout: float | None = None) -> bool:
        self.begun.put(None)
        return super().wait(timeout)


@pytest.fixture(autouse=True)
def begun(monkeypatch: pytest.MonkeyPatch) -> SimpleQueue[None]:
    """Has an item for each wait that began."""
    Announced.begun = SimpleQueue()
    monkeypatch.setattr(turns, "Event", Announced)
    return Announced.begun


@dataclass
class Stage:
    """Turns of one queue, each held in a thread of its own until it is told to end."""

    queue: FairQueue
    begun: SimpleQueue[None]
    started: SimpleQueue[str] = field(default_factory=SimpleQueue)
    ends: dict[str, Event] = field(default_factory=dict)
    threads: list[Thread] = field(default_factory=list)

    def ask(self, turn: str) -> None:
        """Ask for a turn for the user of its first letter: `a1` is user a's first."""
        self.ends[turn] = Event()
        self.threads.append(Thread(target=self._hold, args=(turn,)))
        self.threads[-1].start()

    def run(self, turn: str) -> None:
        self.ask(turn)
        assert self.next() == turn

    def wait(self, *waiting: str) -> None:
        for turn in waiting:
            self.ask(turn)
            self.begun.get(timeout=PATIENCE_SECONDS)
        assert self.started.empty()

    def end(self, turn: str) -> str:
        """End a turn; returns whose turn that makes it."""
        self.ends[turn].set()
        return self.next()

    def next(self) -> str:
        return self.started.get(timeout=PATIENCE_SECONDS)

    def close(self) -> None:
        for end in self.ends.values():
            end.set()
        for thread in self.threads:
            thread.join(PATIENCE_SECONDS)
            assert not thread.is_alive()

    def _hold(self, turn: str) -> None:
        with self.queue.turn(turn[0], NEVER):
            self.started.put(turn)
            self.ends[turn].wait(PATIENCE_SECONDS)


@contextmanager
def staged(queue: FairQueue, begun: SimpleQueue[None]) -> Iterator[Stage]:
    stage = Stage(queue, begun)
    try:
        yield stage
    finally:
        stage.close()
    assert_free(queue)


def assert_free(queue: FairQueue, places: int = 2) -> None:
    """Nothing runs or waits, and just as many places as there were can be had at once."""
    if not places:
        with pytest.raises(ReportsBusy), queue.turn("z", 0):
            pass
        return
    with queue.turn("z", 0):
        assert_free(queue, places - 1)


def test_as_many_as_there_are_places_run_at_once_and_the_next_waits_for_an_end(
    begun: SimpleQueue[None],
) -> None:
    with staged(FairQueue(), begun) as stage:
        stage.run("a1")
        stage.run("b1")
        stage.wait("c1")
        assert stage.end("a1") == "c1"


def test_users_who_wait_take_turns_whatever_each_has_asked_for(begun: SimpleQueue[None]) -> None:
    with staged(FairQueue(), begun) as stage:
        stage.run("x1")
        stage.run("y1")
        stage.wait("a1", "a2", "a3", "b1", "b2", "c1")
        order = [stage.end("x1")]
        for _ in range(5):
            order.append(stage.end(order[-1]))
        assert order == ["a1", "b1", "c1", "a2", "b2", "a3"]


def test_who_has_a_query_running_goes_after_those_who_have_none(begun: SimpleQueue[None]) -> None:
    with staged(FairQueue(), begun) as stage:
        stage.run("a1")
        stage.run("x1")
        stage.wait("a2", "b1")
        assert stage.end("x1") == "b1"
        assert stage.end("a1") == "a2"


def test_who_was_passed_over_is_first_as_soon_as_their_query_ends(
    begun: SimpleQueue[None],
) -> None:
    with staged(FairQueue(), begun) as stage:
        stage.run("a1")
        stage.run("x1")
        stage.wait("a2", "b1", "c1", "d1")
        assert stage.end("x1") == "b1"
        assert stage.end("b1") == "c1"
        assert stage.end("a1") == "a2"


def test_one_user_alone_has_all_places(begun: SimpleQueue[None]) -> None:
    with staged(FairQueue(), begun) as stage:
        stage.run("a1")
        stage.run("a2")
        stage.wait("a3")
        assert stage.end("a1") == "a3"


def test_a_deadline_that_passes_before_the_turn_is_told_and_leaves_nothing_behind(
    begun: SimpleQueue[None],
) -> None:
    with staged(FairQueue(), begun) as stage:
        stage.run("a1")
        stage.run("b1")
        stage.wait("c1")
        for user in ("a", "c", "d"):
            with pytest.raises(ReportsBusy), stage.queue.turn(user, time.monotonic() - 1):
                pass
        assert stage.end("a1") == "c1"


def test_a_free_place_is_taken_whatever_the_deadline() -> None:
    with FairQueue().turn("a", time.monotonic() - 1):
        pass


def test_one_more_than_may_wait_is_turned_away_at_once(begun: SimpleQueue[None]) -> None:
    with staged(FairQueue(most_waiting=3), begun) as stage:
        stage.run("a1")
        stage.run("b1")
        stage.wait("c1", "c2", "d1")
        for user in ("c", "e"):
            with pytest.raises(ReportsBusy), stage.queue.turn(user, NEVER):
                pass
        assert stage.end("a1") == "c1"
        stage.wait("e1")


def test_a_queue_in_which_nobody_may_wait_still_has_its_places() -> None:
    assert_free(FairQueue(places=3, most_waiting=0), places=3)


def test_an_exception_inside_a_turn_passes_and_gives_the_place_back(
    begun: SimpleQueue[None],
) -> None:
    with staged(FairQueue(), begun) as stage:

        def fail() -> None:
            with stage.queue.turn("b", NEVER):
                stage.wait("c1")
                raise ZeroDivisionError

        stage.run("a1")
        with pytest.raises(ZeroDivisionError):
            fail()
        assert stage.next() == "c1"


def ends_after(effect: Callable[[], object], error: type[BaseException] | None) -> type[Event]:
    """Events for which a wait has an effect, and ends by an error or since its time is up."""

    class AtTheLastMoment(Event):
        def wait(self, timeout: float | None = None) -> bool:
            effect()
            if error:
                raise error
            return False

    return AtTheLastMoment


def test_a_place_that_comes_as_the_time_is_up_is_taken_and_not_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    queue = FairQueue(places=1)
    with ExitStack() as first:
        first.enter_context(queue.turn("a", NEVER))
        monkeypatch.setattr(turns, "Event", ends_after(first.close, None))
        with queue.turn("b", 0):
            monkeypatch.undo()
            assert_free(queue, places=0)
    assert_free(queue, places=1)


@pytest.mark.parametrize("is_handed_over", [True, False])
def test_a_wait_that_is_broken_off_leaves_the_queue_whole(
    monkeypatch: pytest.MonkeyPatch, is_handed_over: bool
) -> None:
    queue = FairQueue(places=1)
    with ExitStack() as first:
        first.enter_context(queue.turn("a", NEVER))
        effect = first.close if is_handed_over else list
        monkeypatch.setattr(turns, "Event", ends_after(effect, KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt), queue.turn("b", NEVER):
            pass
        monkeypatch.undo()
        assert_free(queue, places=1 if is_handed_over else 0)
    assert_free(queue, places=1)


def test_a_crowd_that_waits_and_gives_up_at_random_is_served_without_loss() -> None:
    queue = FairQueue(most_waiting=10)
    lock, running, most = Lock(), 0, 0

    def come_and_go(seed: int) -> None:
        nonlocal running, most
        chance = random.Random(seed)
        for _ in range(300):
            deadline = NEVER if chance.random() < 0.5 else time.monotonic() + chance.random() / 2000
            try:
                with queue.turn(chance.randrange(4), deadline):
                    with lock:
                        running += 1
                        most = max(most, running)
                    with lock:
                        running -= 1
            except ReportsBusy:
                assert deadline < NEVER

    with ThreadPoolExecutor(10) as pool:
        for one in [pool.submit(come_and_go, seed) for seed in range(10)]:
            one.result(timeout=3 * PATIENCE_SECONDS)
    assert 1 <= most <= 2
    assert_free(queue)


def is_closed(room: Room) -> bool:
    try:
        with room.shared(0):
            return False
    except ReportsBusy:
        return True


def test_who_wants_a_room_alone_waits_for_all_inside_and_keeps_others_out() -> None:
    room, entered, leave = Room(), Event(), Event()

    def be_alone() -> None:
        with room.shared(NEVER, alone=True):
            entered.set()
            leave.wait(PATIENCE_SECONDS)

    with ThreadPoolExecutor(2) as pool:
        with room.shared(0):
            assert not is_closed(room)
            alone = pool.submit(be_alone)
            wait_for("somebody to want the room alone", lambda: is_closed(room))
            assert not entered.is_set()
            next_one = pool.submit(be_alone)
        assert entered.wait(PATIENCE_SECONDS)
        assert is_closed(room)
        leave.set()
        alone.result(PATIENCE_SECONDS)
        next_one.result(PATIENCE_SECONDS)
    assert not is_closed(room)


def test_who_gives_up_waiting_for_a_room_leaves_it_to_others() -> None:
    room, left = Room(), Event()
    left.set()
    with room.shared(0):
        with pytest.raises(ReportsBusy), room.shared(0, alone=True):
            pass
        with pytest.raises(ReportLeft), room.shared(NEVER, left, alone=True):
            pass
        assert not is_closed(room)


def test_a_room_tells_whether_anybody_else_has_been_in_it() -> None:
    room = Room()
    with room.shared(0) as first_met_others:
        assert not first_met_others()
        with room.shared(0) as second_met_others:
            assert second_met_others()
        assert first_met_others()
    with room.shared(0, alone=True) as met_others:
        assert not met_others()


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config={"threads": 2}) as opened:
        yield opened


def test_a_query_that_would_run_for_minutes_is_stopped_and_its_cursor_lives_on(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    cursor = connection.cursor()
    with pytest.raises(ReportTooSlow) as caught, limited(cursor, 0.05):
        cursor.execute(MINUTES)
    assert "longer than 0.05 seconds: narrow the period or the filters" in str(caught.value)
    assert isinstance(caught.value, TrackingError)
    assert isinstance(caught.value.__cause__, duckdb.InterruptException)
    with limited(cursor, PATIENCE_SECONDS):
        assert cursor.execute("SELECT 42").fetchall() == [(42,)]


def test_a_query_whose_rows_never_end_is_stopped_while_they_are_fetched(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    cursor = connection.cursor()

    def fetch() -> None:
        with limited(cursor, 0.05):
            cursor.execute(MINUTES_OF_ROWS)
            while cursor.fetchmany(1000):
                pass

    with pytest.raises(ReportTooSlow):
        fetch()


def test_stopping_one_query_leaves_the_others_of_the_connection_alone(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    left = Event()
    inside = Event()
    other = connection.cursor()

    def run() -> None:
        with limited(other, PATIENCE_SECONDS, left):
            inside.set()
            other.execute(MINUTES)

    with ThreadPoolExecutor(1) as pool:
        found: Future[None] = pool.submit(run)
        assert inside.wait(PATIENCE_SECONDS)
        for _ in range(3):
            cursor = connection.cursor()
            with pytest.raises(ReportTooSlow), limited(cursor, 0.02):
                cursor.execute(MINUTES)
        assert not found.done()
        left.set()
        with pytest.raises(ReportLeft):
            found.result(timeout=PATIENCE_SECONDS)


def test_a_query_that_nobody_waits_for_is_not_begun(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    left = Event()
    left.set()
    with pytest.raises(ReportLeft), limited(connection, PATIENCE_SECONDS, left):
        pytest.fail("begun")


def test_an_answer_in_time_and_any_other_error_are_left_as_they_are(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    with limited(connection, PATIENCE_SECONDS, Event()):
        assert connection.execute("SELECT 1").fetchall() == [(1,)]
    with (
        pytest.raises(duckdb.CatalogException),
        limited(connection, PATIENCE_SECONDS, Event()),
    ):
        connection.execute("SELECT * FROM nothing")


class Deaf:
    """A cursor that hears only the third interrupt, as one between two statements does."""

    def __init__(self) -> None:
        self.interrupts = 0
        self.heard = Event()

    def interrupt(self) -> None:
        self.interrupts += 1
        if self.interrupts == 3:
            self.heard.set()

    def run(self) -> None:
        assert self.heard.wait(PATIENCE_SECONDS)
        raise duckdb.InterruptException


def test_an_interrupt_is_repeated_until_the_query_ends() -> None:
    cursor = Deaf()
    with pytest.raises(ReportTooSlow), limited(cursor, 0):
        cursor.run()
    heard = cursor.interrupts
    # The other's three interrupts are looks of the same watchdog, so this one had its chances.
    with limited(other := Deaf(), 0):
        assert other.heard.wait(PATIENCE_SECONDS)
    assert cursor.interrupts == heard


def test_a_query_that_ends_in_spite_of_its_interrupt_keeps_its_answer() -> None:
    cursor = Deaf()
    with limited(cursor, 0):
        assert cursor.heard.wait(PATIENCE_SECONDS)


def test_a_cursor_closed_inside_does_not_end_the_limits_of_others(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    closed = connection.cursor()
    with limited(closed, 0):
        closed.close()
        with limited(other := Deaf(), 0):
            assert other.heard.wait(PATIENCE_SECONDS)


def test_the_watchdog_keeps_no_cursor() -> None:
    cursor = Deaf()
    with limited(cursor, 0):
        assert cursor.heard.wait(PATIENCE_SECONDS)
    gone = Event()
    weakref.finalize(cursor, gone.set)
    del cursor
    gc.collect()
    assert gone.wait(PATIENCE_SECONDS)


ONE_THREAD_A_PROCESS = """
import os, threading
from tracking.reports.turns import limited
class Cursor:
    heard = threading.Event()
    def interrupt(self): self.heard.set()
def threads(): return sum(thread.name == "report limits" for thread in threading.enumerate())
def stopped():
    Cursor.heard.clear()
    with limited(Cursor(), 0): return Cursor.heard.wait(20)
print(threads(), stopped(), stopped(), threads(), flush=True)
child = os.fork()
if not child:
    print(threads(), stopped(), stopped(), threads(), flush=True)
    os._exit(0)
os.waitpid(child, 0)
"""


def test_the_watchdog_starts_with_the_first_query_of_each_process() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", ONE_THREAD_A_PROCESS],
        capture_output=True,
        text=True,
        timeout=3 * PATIENCE_SECONDS,
        check=True,
        env=dict(os.environ),
    )
    assert ran.stdout.splitlines() == ["0 True True 1"] * 2
