"""32 clients at once: nothing given twice, nothing lost, no 500, and the pools whole afterwards."""

import http.client
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.rest.server import WAIT_S, Server, call

CLIENTS = 32
ROUNDS = 6


def connections(server: Server) -> list[http.client.HTTPConnection]:
    """Open a connection for each client."""
    return [http.client.HTTPConnection("127.0.0.1", server.port, timeout=WAIT_S) for _ in range(CLIENTS)]


def duplicates(values: list[Any]) -> list[Any]:
    """Give the values that are there more than once."""
    return [value for value, count in Counter(values).items() if count > 1]


def make_networks(connection: http.client.HTTPConnection) -> list[Any]:
    """Make networks and ports, delete every second network; give what was answered."""
    replies = []
    for number in range(ROUNDS):
        made = call(connection, "POST", "/v2.0/networks", {"network": {}})
        replies.append(made)
        if number % 2:
            path = f"/v2.0/networks/{made.body['network']['id']}"
            replies.append(call(connection, "DELETE", path))
    return replies


def test_no_segmentation_id_is_given_twice_and_the_pool_is_whole_afterwards(server: Server) -> None:
    with ThreadPoolExecutor(CLIENTS) as pool:
        replies = [reply for made in pool.map(make_networks, connections(server)) for reply in made]
    assert Counter(reply.status for reply in replies) == {201: CLIENTS * ROUNDS, 204: CLIENTS * ROUNDS // 2}
    networks = server.call("GET", "/v2.0/networks").body["networks"]
    segments = [network["provider:segmentation_id"] for network in networks]
    assert (len(networks), duplicates(segments)) == (CLIENTS * ROUNDS // 2, [])
    for network in networks:
        assert server.call("DELETE", f"/v2.0/networks/{network['id']}").status == 204
    again = server.call("POST", "/v2.0/networks", {"network": {}}).body["network"]
    assert again["provider:segmentation_id"] == 1000
    server.call("DELETE", f"/v2.0/networks/{again['id']}")


def test_no_address_or_mac_is_given_twice_and_the_pool_is_whole_afterwards(server: Server) -> None:
    network_id = server.call("POST", "/v2.0/networks", {"network": {}}).body["network"]["id"]
    subnet = {"network_id": network_id, "ip_version": 4, "cidr": "10.0.0.0/16"}
    server.call("POST", "/v2.0/subnets", {"subnet": subnet})

    def make_ports(connection: http.client.HTTPConnection) -> list[Any]:
        replies = []
        for number in range(ROUNDS):
            made = call(connection, "POST", "/v2.0/ports", {"port": {"network_id": network_id}})
            replies.append(made)
            if number % 2:
                replies.append(call(connection, "DELETE", f"/v2.0/ports/{made.body['port']['id']}"))
        return replies

    with ThreadPoolExecutor(CLIENTS) as pool:
        replies = [reply for made in pool.map(make_ports, connections(server)) for reply in made]
    assert Counter(reply.status for reply in replies) == {201: CLIENTS * ROUNDS, 204: CLIENTS * ROUNDS // 2}
    ports = server.call("GET", "/v2.0/ports").body["ports"]
    assert len(ports) == CLIENTS * ROUNDS // 2
    assert duplicates([port["mac_address"] for port in ports]) == []
    assert duplicates([ip["ip_address"] for port in ports for ip in port["fixed_ips"]]) == []
    for port in ports:
        assert server.call("DELETE", f"/v2.0/ports/{port['id']}").status == 204
    again = server.call("POST", "/v2.0/ports", {"port": {"network_id": network_id}}).body["port"]
    assert [ip["ip_address"] for ip in again["fixed_ips"]] == ["10.0.0.2"]


def test_one_address_asked_for_by_all_goes_to_one(server: Server) -> None:
    network_id = server.call("POST", "/v2.0/networks", {"network": {}}).body["network"]["id"]
    subnet = {"network_id": network_id, "ip_version": 4, "cidr": "10.0.0.0/24"}
    server.call("POST", "/v2.0/subnets", {"subnet": subnet})
    wanted = {"network_id": network_id, "fixed_ips": [{"ip_address": "10.0.0.9"}]}

    def ask(connection: http.client.HTTPConnection) -> int:
        return call(connection, "POST", "/v2.0/ports", {"port": wanted}).status

    with ThreadPoolExecutor(CLIENTS) as pool:
        statuses = Counter(pool.map(ask, connections(server)))
    assert statuses == {201: 1, 409: CLIENTS - 1}
