"""Files that are read again when they change, and when they can be read at last."""

from pathlib import Path

from osken_apps.certificates.watched import WatchedFiles


def test_a_file_that_is_another_one_or_may_be_read_by_others_has_changed(tmp_path: Path) -> None:
    file = tmp_path / "file"
    watched = WatchedFiles([file])
    assert not watched.have_changed()
    file.write_text("one")
    assert watched.have_changed()
    assert not watched.have_changed()
    file.chmod(0o600)
    assert watched.have_changed()
    file.unlink()
    assert watched.have_changed()
