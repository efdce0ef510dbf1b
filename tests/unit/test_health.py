"""What `/readyz` says of certificates whose time is over."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from osken_apps import config
from osken_apps.cli import certifying, main
from osken_apps.rest import health


def operations(directory: Path, **changes: Any) -> Any:
    """Give what `/readyz` looks at, as it is when all is well but for the certificates."""
    file = directory / "osken-net.conf"
    file.write_text("")
    loaded = replace(config.load(file), **changes)
    return SimpleNamespace(config=loaded)


@pytest.mark.parametrize(
    ("hours", "told"), [(-1, ["[openflow] certificate has expired"]), (1, [])], ids=["over", "not yet"]
)
def test_an_expired_certificate_is_a_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hours: int, told: list[str]
) -> None:
    main(["pki", "--directory", str(tmp_path), "init"])
    monkeypatch.setattr(certifying, "LIFETIME", timedelta(hours=hours))
    main(["pki", "--directory", str(tmp_path), "controller", "ctl"])
    base = tmp_path / "controllerca-ctl"
    files = config.HostsTls("openflow", Path(f"{base}.pem"), Path(f"{base}.key"), tmp_path / "hostca.pem")
    monkeypatch.setattr(health, "_database", lambda _operations: [])
    monkeypatch.setattr(health, "_controller", lambda _operations: [])
    answer = health.readyz(operations(tmp_path, openflow_tls=files), None)  # type: ignore[arg-type]
    assert answer.status == (503 if told else 200)
    assert answer.body.get("reasons", []) == told


def test_a_file_that_cannot_be_read_now_is_no_reason(tmp_path: Path) -> None:
    files = config.HostsTls("ovsdb", tmp_path / "gone", tmp_path / "gone", tmp_path / "gone")
    assert health._certificates(operations(tmp_path, ovsdb_tls=files)) == []
