"""What can go wrong as expected, one class each; anything else is a defect and propagates."""


class TrackingError(Exception):
    """The root of every expected failure of this app."""


class InvalidHit(TrackingError):
    """A hit that can't be taken; its text is `field: reason`, and is shown to the sender."""


class HitTooLarge(InvalidHit):
    """A hit whose body is over the limit."""


class UnknownSite(TrackingError):
    """No site has this public id."""


class SpoolFull(TrackingError):
    """The spool could not take a hit: nothing of it counts, and the sender may try again."""


class InvalidLine(TrackingError):
    """A spool line that does not hold a hit."""


class InvalidQuery(TrackingError):
    """A report's question that can't be answered; its text is `parameter: reason`."""

    def __init__(self, parameter: str, reason: str) -> None:
        super().__init__(f"{parameter}: {reason}")
        self.parameter = parameter
        self.reason = reason


class ReportUnavailable(TrackingError):
    """The columns could not be read just now."""


class UpkeepStopped(TrackingError):
    """A long step of upkeep was told to end; the next run goes on where it left off."""


class SealRefused(TrackingError):
    """A day whose files can't be written anew; its text says which, and why."""


class BackupFailed(TrackingError):
    """A backup could not be made or restored; its text says why, and what to do."""


class ReportsBusy(TrackingError):
    """As many reports are being answered as may be at once."""


class ReportTooSlow(TrackingError):
    """A report took longer than it may; its text says how long that is, and what to do."""

    def __init__(self, seconds: float) -> None:
        super().__init__(
            f"it took longer than {seconds:g} seconds: narrow the period or the filters"
        )
        self.seconds = seconds


class ReportLeft(TrackingError):
    """Nobody waits for a report's answer any more."""
