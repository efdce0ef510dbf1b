"""REST clients that create ports without pause: `rest_load PORT NETWORK_ID CLIENTS HOST`, until stdin ends.

Prints how many ports they made and in how many seconds. Costs little itself: connections that stay open.
"""

import http.client
import json
import sys
import threading
import time


def create_ports(host: str, port: int, network_id: str, stopped: threading.Event, made: list[int]) -> None:
    """Create ports until told to stop; count them."""
    body = json.dumps({"port": {"network_id": network_id}})
    connection = http.client.HTTPConnection(host, port, timeout=30)
    while not stopped.is_set():
        connection.request("POST", "/v2.0/ports", body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        content = answer.read()
        if answer.status != 201:
            raise SystemExit(f"POST /v2.0/ports: {answer.status} {content!r}")
        made.append(1)


def main(port: str, network_id: str, clients: str, host: str = "127.0.0.1") -> None:
    """Run the clients."""
    stopped, made, began = threading.Event(), [], time.monotonic()
    threads = [
        threading.Thread(target=create_ports, args=(host, int(port), network_id, stopped, made))
        for _ in range(int(clients))
    ]
    for thread in threads:
        thread.start()
    sys.stdin.read()
    stopped.set()
    for thread in threads:
        thread.join()
    print(len(made), time.monotonic() - began)


if __name__ == "__main__":
    main(*sys.argv[1:])
