"""Bodies as JSON text: what is text already, in parts, reads as if it had been given as a value."""

import json

import pytest

from osken_apps.model.resources import Network
from osken_apps.rest import rendering
from osken_apps.rest.attribute import RenderContext
from osken_apps.rest.networks import ATTRIBUTES as NETWORK
from osken_apps.rest.rendering import JsonText, encoded_list, json_parts, rendered_list


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5])
def test_a_list_in_parts_is_the_list(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr(rendering, "RESOURCES_A_PART", 2)
    networks = [Network(f"n{number}", "default", name="näme") for number in range(count)]
    around = RenderContext()
    body = {
        "networks": encoded_list(lambda _: NETWORK, networks, around),
        "networks_links": [{"rel": "next"}],
    }
    plain = {
        "networks": rendered_list(lambda _: NETWORK, networks, around),
        "networks_links": [{"rel": "next"}],
    }
    assert json.loads(b"".join(json_parts(body))) == plain


def test_other_bodies_are_one_part() -> None:
    assert json_parts({"a": [1, None]}) == [b'{"a":[1,null]}']
    assert json_parts([]) == [b"[]"]


def test_text_may_stand_anywhere_in_a_body() -> None:
    assert b"".join(json_parts({"a": 1, "b": JsonText((b"[", b"]")), "c": "x"})) == b'{"a":1,"b":[],"c":"x"}'
