"""The only way tests wait: poll a condition until a deadline."""
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class WaitTimeout(AssertionError):
    """A condition did not come true in time. An AssertionError, so that it fails the test."""


def wait_until(condition: Callable[[], T], timeout_s: float, what: str,
               interval_s: float = 0.1, ignoring: tuple[type[Exception], ...] = (),
               seen: Callable[[], object] | None = None) -> T:
    """Returns the first truthy value of `condition`; fails with `what` and what was seen last."""
    deadline = time.monotonic() + timeout_s
    last: object = None
    while True:
        try:
            last = condition()
            if last:
                return last
        except ignoring as error:
            last = error
        if time.monotonic() >= deadline:
            state = seen() if seen else last
            raise WaitTimeout(f"not within {timeout_s:g} s: {what}; last seen: {state!r}")
        time.sleep(interval_s)


def stays_true(condition: Callable[[], object], duration_s: float, what: str,
               interval_s: float = 0.5) -> None:
    """Fails as soon as `condition` is not true; returns after `duration_s`."""
    started = time.monotonic()
    while (elapsed := time.monotonic() - started) < duration_s:
        if not condition():
            raise WaitTimeout(f"no longer true after {elapsed:.1f} s: {what}")
        time.sleep(interval_s)
