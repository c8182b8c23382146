"""The folder that a run writes to: it is one run's alone, and what stands in it is always whole."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import filelock

from argus_wfm.conformance.errors import CouldNotRun

LOCK = ".lock"


@contextlib.contextmanager
def occupied(folder: Path) -> Iterator[None]:
    """Nobody else's as long as this process lives. Raises CouldNotRun where it is another run's, or cannot be made."""
    with _writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(folder / LOCK, timeout=0, thread_local=False)
        try:
            lock.acquire()
        except filelock.Timeout as error:
            raise CouldNotRun(f"Another run is writing to {folder}; give this one another --report.") from error
    try:
        yield
    finally:
        lock.release()


def written(folder: Path, texts: Mapping[str, str]) -> list[Path]:
    """Files by name, each in one step. Raises CouldNotRun where that is not possible."""
    with _writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            new = folder / f".{name}.new"
            new.write_text(text, encoding="utf-8")
            new.replace(folder / name)
    return [folder / name for name in texts]


def removed(folder: Path, names: tuple[str, ...]) -> None:
    """Whichever of these there are. Raises CouldNotRun where that is not possible."""
    with _writing(folder):
        for name in names:
            (folder / name).unlink(missing_ok=True)


def emptied(path: Path) -> Path:
    """A new file that nobody else may read, in place of an older one. Raises CouldNotRun where that is not possible."""
    with _writing(path.parent):
        path.unlink(missing_ok=True)
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    return path


@contextlib.contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CouldNotRun(f"Cannot write reports to {folder}: {error.strerror}. Choose another --report.") from error
