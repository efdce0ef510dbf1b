"""A Keystone that does not answer: health does, and requests are told so in the end."""

import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.rest.server import running, write_config
from tests.unit.test_keystone import section

MORE_THAN_THREADS = 6


def test_health_is_answered_while_every_thread_waits_for_keystone(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        text = section(silent.getsockname()[1], "http_connect_timeout = 60")
        config_file = write_config(tmp_path, text)
        with running(config_file) as server, ThreadPoolExecutor(MORE_THAN_THREADS) as pool:

            def ask(number: int) -> int:
                headers = {"X-Auth-Token": f"token {number}"}
                return server.call("GET", "/v2.0/networks", headers=headers).status

            waiting = [pool.submit(ask, number) for number in range(MORE_THAN_THREADS)]
            connection, _ = silent.accept()  # somebody asks it now
            assert server.call("GET", "/healthz").status == 200
            assert not any(future.done() for future in waiting)
            silent.close()
            connection.close()
            assert [future.result() for future in waiting] == [503] * MORE_THAN_THREADS
