"""Files that are written whole or not at all."""

import errno
import os
from pathlib import Path

import pytest

from osken_apps.files import new_file_beside, write_whole


def test_what_somebody_left_that_was_killed_goes_with_the_next(tmp_path: Path) -> None:
    target = tmp_path / "db"
    for name in (".db.abc.new", ".db.abc.new-wal", ".other.abc.new"):
        (tmp_path / name).touch()
    write_whole(target, b"whole", 0o640)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".other.abc.new", "db"]
    assert (target.read_bytes(), target.stat().st_mode & 0o777) == (b"whole", 0o640)


def test_what_another_writes_just_now_stays(tmp_path: Path) -> None:
    with new_file_beside(tmp_path / "db") as first, new_file_beside(tmp_path / "db") as second:
        assert first.exists() and second.exists() and first != second
    assert not list(tmp_path.iterdir())


def test_what_fails_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "db"
    write_whole(target, b"before", 0o600)
    monkeypatch.setattr("osken_apps.files.on_disk", lambda path: (_ for _ in ()).throw(OSError(28, "full")))
    with pytest.raises(OSError, match="full"):
        write_whole(target, b"after", 0o600)
    assert (target.read_bytes(), len(list(tmp_path.iterdir()))) == (b"before", 1)


def test_a_file_system_without_locks_is_left_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(*_: object) -> None:
        raise OSError(errno.ENOLCK, "no locks")

    monkeypatch.setattr("osken_apps.files.fcntl.flock", no_locks)
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(OSError, match="no locks"):
        write_whole(tmp_path / "db", b"whole", 0o600)
    assert (list(tmp_path.iterdir()), len(os.listdir("/proc/self/fd"))) == ([], before)


def test_a_link_to_itself_is_an_error_and_stays(tmp_path: Path) -> None:
    (link := tmp_path / "link").symlink_to(link)
    with pytest.raises(OSError, match="Too many levels of symbolic links"):
        write_whole(link, b"whole", 0o600)
    assert link.is_symlink()
