"""Files that commands write: whole, and never in place of something that is no file."""

import os
import stat
from pathlib import Path

import pytest

from osken_apps.accounts.first import write_openrc
from osken_apps.cli.command import CommandError, write_whole
from osken_apps.errors import ConfigurationError


@pytest.fixture(params=["pipe", "link to a pipe", "directory"])
def no_file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Give the path of something that is no file."""
    path = tmp_path / "target"
    if request.param == "directory":
        path.mkdir()
        return path
    os.mkfifo(path)
    if request.param == "pipe":
        return path
    (link := tmp_path / "link").symlink_to(path)
    return link


def test_what_is_no_file_stays_what_it_is(no_file: Path) -> None:
    before = no_file.lstat()
    with pytest.raises(CommandError, match=f"{no_file}: it is no regular file"):
        write_whole(no_file, b"octets", 0o600)
    with pytest.raises(ConfigurationError, match=f"{no_file}: it is no regular file"):
        write_openrc(no_file, {"OS_USERNAME": "alice"})
    assert no_file.lstat() == before
    assert not list(no_file.parent.glob("*.new"))


@pytest.mark.parametrize("is_there", [True, False])
def test_a_link_stays_and_its_file_is_written(tmp_path: Path, is_there: bool) -> None:
    (tmp_path / "elsewhere").mkdir()
    file, link = tmp_path / "elsewhere" / "file", tmp_path / "link"
    if is_there:
        file.write_bytes(b"before")
    link.symlink_to(file)
    write_whole(link, b"octets", 0o600)
    assert link.is_symlink()
    assert (file.read_bytes(), stat.S_IMODE(file.stat().st_mode)) == (b"octets", 0o600)


def test_what_cannot_be_written_whole_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (file := tmp_path / "file").write_bytes(b"before")
    monkeypatch.setattr(Path, "replace", _full)
    with pytest.raises(CommandError, match="No space left on device"):
        write_whole(file, b"octets", 0o600)
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("file", b"before")]


def _full(*_: object) -> None:
    raise OSError(28, os.strerror(28))
