#!/usr/bin/env python3
"""Runs end-to-end tests against one shared control plane.

  tests/e2e/run.py                                        every file
  tests/e2e/run.py outage_test                            one file
  tests/e2e/run.py main_job_test.MainJobTest.test_scale   one test
  tests/e2e/run.py -k token join_test                     tests whose name contains a word

Starts a control plane (8 s) unless `tests/e2e/environment.py start` keeps one running.
Options: --allow-skip (a skipped test fails otherwise), --keep (leave the files of a good run too).
SKERRY_BIN names another folder of binaries; SKERRY_LONG=1 runs the long versions of tests.
"""
import argparse
import pathlib
import signal
import sys
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "support")]

from harness import environment  # noqa: E402

SKIPPED = 77  # ctest's SKIP_RETURN_CODE


class Result(unittest.TextTestResult):
    """Shows the state of the fixtures at a failure, before clean-up takes it away."""

    def startTest(self, test):
        self._started = time.monotonic()
        super().startTest(test)

    def stopTest(self, test):
        super().stopTest(test)
        self.stream.writeln(f"    {time.monotonic() - self._started:.1f} s")

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._show(test, err)

    def addError(self, test, err):
        super().addError(test, err)
        self._show(test, err)

    def _show(self, test, err) -> None:
        self.stream.writeln(self._exc_info_to_string(err, test))
        if hasattr(test, "describe_failure"):
            try:
                self.stream.writeln(test.describe_failure())
            except Exception as error:  # what failed must not hide why the test failed
                self.stream.writeln(f"(no description: {error!r})")
        self.stream.writeln(environment.current.log_tails())
        self.stream.flush()


def main() -> int:
    options = parse_arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that clean-up runs
    names = options.tests or sorted(file.stem for file in HERE.glob("*_test.py"))
    loader = unittest.TestLoader()
    loader.testNamePatterns = [f"*{word}*" for word in options.k] or None
    environment.current.open()
    succeeded = False
    try:
        runner = unittest.TextTestRunner(verbosity=2, resultclass=Result)
        result = runner.run(loader.loadTestsFromNames(names))
        succeeded = result.wasSuccessful()
    finally:
        environment.current.close(keep_files=options.keep or not succeeded)
        if not succeeded:
            print(f"files of this run: {environment.current.directory}", file=sys.stderr)
    return exit_code(result, options.allow_skip)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tests", nargs="*")
    parser.add_argument("-k", action="append", default=[], metavar="WORD")
    parser.add_argument("--allow-skip", action="store_true")
    parser.add_argument("--keep", action="store_true")
    return parser.parse_args()


def exit_code(result: unittest.TestResult, allow_skip: bool) -> int:
    if not result.wasSuccessful():
        return 1
    if result.skipped:
        return SKIPPED if allow_skip else 1
    return 0 if result.testsRun else 1


if __name__ == "__main__":
    sys.exit(main())
