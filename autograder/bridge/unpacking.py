"""Unpacks what learning platforms let a teacher download, for ``nbgrader zip_collect``.

Students hand in archives, too.  One that is broken, locked, packed in itself or larger than any
notebook costs only itself; nbgrader's own way stops at it, or fills the disk.
"""

import gzip
import lzma
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from nbgrader.plugins.zipcollect import ExtractorPlugin

from autograder.grading.plain import printable
from autograder.grading.submissions import MOST_BYTES
from lossedu.whole_files import write_whole

MOST_LEVELS = 3  # the download, a student's own archive, and one that her system made of it
MOST_OF_ONE = 4 * MOST_BYTES  # all that one student's archive may hold
_BROKEN = (
    *(zipfile.BadZipFile, tarfile.TarError, gzip.BadGzipFile, zlib.error, lzma.LZMAError),
    *(OSError, EOFError, ValueError, RuntimeError),  # locked, or packed in a way nobody knows
)

Members = Iterator[tuple[str, IO[bytes]]]


class BoundedExtractor(ExtractorPlugin):
    """Unpacks archives, and those within them, as far as they hold what somebody may hand in."""

    def extract(self, archive_path: str, extracted_path: str) -> None:
        """Unpack each archive of a folder into a folder of its name; copy all other files."""
        for path in sorted(Path(archive_path).rglob("*")):
            if not path.is_file():
                continue
            place = Path(extracted_path, path.relative_to(archive_path).parent)
            place.mkdir(parents=True, exist_ok=True)
            if path.suffix in self.zip_ext:
                self._unpack(path, place / _folder(path), level=1)
            else:
                shutil.copy(path, place / path.name)

    def _unpack(self, path: Path, place: Path, level: int) -> None:
        place.mkdir(exist_ok=True)
        room = MOST_OF_ONE if level > 1 else None
        written = []
        try:
            with _members(path) as members:
                for name, stream in members:
                    target = place / name
                    size = self._write(stream, target, room)
                    room = None if room is None else room - size
                    written += [target] if size else []
        except _BROKEN as error:
            said = " ".join(str(error).split()) or type(error).__name__
            self._warn(f"{path.name} could not be unpacked: {said}")
        for inner in written:
            if inner.suffix in self.zip_ext:
                if level == MOST_LEVELS:
                    self._warn(f"{path.name}: {inner.name} in it was not unpacked")
                else:
                    self._unpack(inner, inner.parent / _folder(inner), level + 1)

    def _write(self, stream: IO[bytes], target: Path, room: int | None) -> int:
        """Write a file of an archive, if it is no larger than one may be; how large it is."""
        most = MOST_BYTES if room is None else min(MOST_BYTES, room)
        content = stream.read(most + 1)  # what an archive says of its size may not be true
        if len(content) > most:
            self._warn(f"{target.name} is left out: it holds more than {most >> 20} MB")
            return 0
        try:
            write_whole(target, content)
        except OSError as error:
            self._warn(f"{target.name[:80]} is left out: {error.strerror}")
            return 0
        return len(content)

    def _warn(self, text: str) -> None:
        self.log.warning("%s", printable(text))


@contextmanager
def _members(path: Path) -> Iterator[Members]:
    """The ordinary files of an archive whose names lead into it."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as packed:
            yield _of_zip(packed)
    else:
        with tarfile.open(path) as packed_tar:
            yield _of_tar(packed_tar)


def _of_zip(packed: zipfile.ZipFile) -> Members:
    for entry in packed.infolist():
        if not entry.is_dir() and _leads_inside(entry.filename):
            with packed.open(entry) as stream:
                yield entry.filename, stream


def _of_tar(packed: tarfile.TarFile) -> Members:
    for entry in packed:
        stream = packed.extractfile(entry) if entry.isreg() else None
        if stream is not None and _leads_inside(entry.name):
            with stream:
                yield entry.name, stream


def _leads_inside(name: str) -> bool:
    place = PurePosixPath(name)
    return not place.is_absolute() and ".." not in place.parts


def _folder(path: Path) -> str:
    """The name of an archive without what says that it is one."""
    return Path(path.stem).stem if path.stem.endswith(".tar") else path.stem
