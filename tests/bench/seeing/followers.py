"""Dashboards that follow what changes, in one process that costs little itself.

    python -m tests.bench.seeing.followers HOST PORT DASHBOARDS     until its standard input ends

Prints how many answers they had and the longest that one took, in milliseconds.
"""

import http.client
import json
import select
import sys
import time

from tests.bench.dashboard import OVERVIEW_S, POLL_S


def follow(host: str, port: int, dashboards: int) -> tuple[int, float]:
    """Ask for each dashboard in its turn, until standard input ends.

    Says `ready` once each has its overview; gives how many answers there were from then on, and how long the
    longest took, in seconds.
    """
    connections = [http.client.HTTPConnection(host, port, timeout=30) for _ in range(dashboards)]
    revisions = [str(ask(each, "overview")["revision"]) for each in connections]
    print("ready", flush=True)
    answers, longest_s, began = 0, 0.0, time.monotonic()
    while True:
        for number, connection in enumerate(connections):
            due = began + answers * POLL_S / dashboards
            if select.select([sys.stdin], [], [], max(0.0, due - time.monotonic()))[0]:
                return answers, longest_s
            asked_at = time.monotonic()
            revisions[number] = str(ask(connection, f"changes?since={revisions[number]}")["revision"])
            if answers // dashboards % round(OVERVIEW_S / POLL_S) == 0:
                ask(connection, "overview")
            longest_s = max(longest_s, time.monotonic() - asked_at)
            answers += 1


def ask(connection: http.client.HTTPConnection, path: str) -> dict[str, object]:
    """Give the body of an answer. Raises RuntimeError."""
    connection.request("GET", f"/v2.0/{path}")
    answer = connection.getresponse()
    content = answer.read()
    if answer.status != 200:
        raise RuntimeError(f"{path}: {answer.status} {content!r}")
    body: dict[str, object] = json.loads(content)
    return body


if __name__ == "__main__":
    count, longest = follow(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
    print(count, 1000 * longest)
