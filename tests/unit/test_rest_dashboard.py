"""The dashboard's files: what a browser is told with them, and that they need nothing from elsewhere."""

import re
from pathlib import Path

import pytest
import webob

from osken_apps import dashboard
from osken_apps.dashboard.files import files
from tests.unit.rest_client import Client, client_of

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:;"
    " base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'"
)
# A statement, as people and as minifiers write it, or a call.
IMPORT = re.compile(r"""(?m)(?:(?:^|;)(?:import|export)\b[^;"'=(]*?\bfrom\s*|\bimport\()["']([^"']+)["']""")
OURS = [file for file in files() if file.path[0] != "vendor"]


@pytest.fixture
def api(tmp_path: Path) -> Client:
    """Give a client of an empty API."""
    return client_of(tmp_path)


def fetch(api: Client, path: str, **headers: str) -> webob.Response:
    request = webob.Request.blank(path, environ={"REMOTE_ADDR": "127.0.0.1"}, headers=headers)
    return request.get_response(api.app)


@pytest.mark.parametrize("path", ["/ui", "/ui/", "/ui/index.html", "/ui/app.js", "/ui/style.css"])
def test_a_file_comes_with_a_strict_policy(api: Client, path: str) -> None:
    response = fetch(api, path)
    assert response.status_int == 200
    assert response.headers["Content-Security-Policy"] == POLICY
    assert response.headers["Cross-Origin-Opener-Policy"] == "same-origin"


def test_types_are_those_that_a_browser_takes(api: Client) -> None:
    types = {path: fetch(api, f"/ui/{path}").headers["Content-Type"] for path in ("", "app.js", "icon.svg")}
    assert types == {
        "": "text/html; charset=utf-8",
        "app.js": "text/javascript; charset=utf-8",
        "icon.svg": "image/svg+xml",
    }


def test_what_a_browser_has_is_not_sent_again(api: Client) -> None:
    tag = fetch(api, "/ui/app.js").headers["ETag"]
    again = fetch(api, "/ui/app.js", **{"If-None-Match": tag})
    assert (again.status_int, again.body) == (304, b"")
    assert fetch(api, "/ui/app.js", **{"If-None-Match": '"other"'}).status_int == 200


@pytest.mark.parametrize("path", ["/ui/absent.js", "/ui/../setup.cfg", "/ui/vendor/README.md", "/ui/vendor"])
def test_nothing_else_is_served(api: Client, path: str) -> None:
    assert fetch(api, path).status_int == 404


def test_how_one_logs_in_is_told_before_that(tmp_path: Path) -> None:
    api = client_of(tmp_path, "authentication = headers\n[dashboard]\nwrites = false")
    told = fetch(api, "/ui/settings").json
    assert (told["authentication"], told["writes"]) == ("headers", False)


def test_a_dashboard_that_is_not_wanted_is_not_there(tmp_path: Path) -> None:
    api = client_of(tmp_path, "[dashboard]\nenabled = false")
    assert fetch(api, "/ui/").status_int == 404
    assert fetch(api, "/ui/settings").status_int == 404


@pytest.mark.parametrize("file", files(), ids=lambda file: "/".join(file.path))
def test_a_module_loads_only_files_that_are_there(file: object) -> None:
    served = {item.path for item in files()}
    path, text = file.path, file.data.decode()  # type: ignore[attr-defined]
    assert IMPORT.search(text) or path[-1] not in ("app.js", "boot.js", "html.js", "repeat.js", "path.js")
    for name in IMPORT.findall(text) if path[-1].endswith(".js") else ():
        assert name.startswith("."), f"{path} loads {name}"
        parts = list(path[:-1])
        for part in name.split("/"):
            parts = parts[:-1] if part == ".." else parts if part == "." else [*parts, part]
        assert tuple(parts) in served, f"{path} loads {name}"


@pytest.mark.parametrize("file", OURS, ids=lambda file: "/".join(file.path))
def test_nothing_comes_from_elsewhere_and_no_markup_is_made_of_text(file: object) -> None:
    text = file.data.decode().replace("http://www.w3.org/2000/svg", "")  # type: ignore[attr-defined]
    forbidden = ["http:", "https:", "//cdn", "innerHTML", "unsafeHTML", "eval(", "style=", "onclick="]
    assert [word for word in forbidden if word in text] == []


def test_what_is_vendored_has_its_licence() -> None:
    directory = Path(dashboard.__file__).parent / "static" / "vendor" / "lit-html"
    assert "BSD 3-Clause" in (directory / "LICENSE").read_text()
