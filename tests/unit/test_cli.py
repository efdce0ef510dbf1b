"""The command line of `osken-net`: what it refuses, and how it says so."""

import importlib.metadata

import pytest

from osken_apps import cli


@pytest.mark.parametrize(
    ("arguments", "status", "complaint"),
    [
        ([], 2, "the following arguments are required: COMMAND (osken-net --help tells more)"),
        (["--nonsense"], 2, "the following arguments are required: COMMAND (osken-net --help tells more)"),
        (["run", "--nonsense"], 2, "unrecognized arguments: --nonsense (osken-net --help tells more)"),
        (["run", "--config-file", "/nowhere"], 2, "there is no file /nowhere: name one with --config-file"),
        (["lab"], 2, "the following arguments are required: COMMAND (osken-net lab --help tells more)"),
        (["lab", "show", "--name", "nobodys"], 1, "no lab is up in /run/osken-lab/nobodys"),
        (["host-setup"], 2, "the following arguments are required: --controller"),
        (
            ["host-setup", "--controller", "a b"],
            2,
            "argument --controller: 'a b' is not an address (osken-net host-setup --help tells more)",
        ),
        (
            ["host-check", "--physical-bridge", "br-eth2:eth 2"],
            2,
            "argument --physical-bridge: 'eth 2' is not the name of a NIC",
        ),
        (
            ["host-check", "--physical-bridge", "br-physical1"],
            2,
            "argument --physical-bridge: 'br-physical1' is longer than 11 characters"
            " (osken-net host-check --help tells more)",
        ),
        (
            ["host-setup", "--controller", "192.0.2.1", "--through", "ssh root@host1"],
            2,
            "--through is for --apply: without it the script is printed",
        ),
        (
            ["host-setup", "--controller", "192.0.2.1", "--integration-bridge", "br-eth2"],
            2,
            "'br-eth2' is named twice among bridges and NICs",
        ),
        (
            ["host-check", *("--physical-bridge", "br-eth3:eth3") * 2],
            2,
            "'br-eth3' is named twice among bridges and NICs",
        ),
        (
            ["host-check", "--physical-bridge", "br-eth2:eth2", "--physical-bridge", "br-eth3:eth2"],
            2,
            "'eth2' is named twice among bridges and NICs",
        ),
        (["host-check", "--openflow-port", "66530"], 2, "argument --openflow-port: '66530' is no port"),
        (["host-check", "--ovsdb-port", "0"], 2, "argument --ovsdb-port: '0' is no port"),
        (["diff", "host1", "--api", "http://127.0.0.1:1"], 3, "http://127.0.0.1:1 does not answer: [Errno"),
        (["host-check", "--api", "nowhere"], 2, "argument --api: 'nowhere' is not a URL such as http://127.0.0.1:9696"),
        (["host-check", "--api", "http://127.0.0.1:1"], 3, "http://127.0.0.1:1 does not answer: [Errno 111]"),
        (["host-check", "--through", "nowhere"], 3, "nowhere: No such file or directory"),
        (["host-check", "--through", "no\x1b[2Jwhere"], 3, "no\\x1b[2Jwhere: No such file or directory"),
        (["host-check", "--through", "sh -c 'exit 3'"], 3, "sh -c 'exit 3' ovs-vsctl: exit status 3"),
        (["host-check", "--through", "echo"], 3, "ovs-vsctl printed something else than its tables:"),
    ],
)  # fmt: skip
def test_an_error_is_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str], status: int, complaint: str
) -> None:
    given = cli.main(arguments)
    out, err = capsys.readouterr()
    assert (given, out, err.count("\n")) == (status, "", 1)
    assert err.startswith(f"osken-net: {complaint}")


def test_the_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["--version"])
    assert capsys.readouterr().out == f"osken-net {importlib.metadata.version('osken-apps')}\n"


@pytest.mark.parametrize("command", cli.SUBCOMMANDS)
def test_every_command_explains_itself(capsys: pytest.CaptureFixture[str], command: str) -> None:
    with pytest.raises(SystemExit) as end:
        cli.main([command, "--help"])
    text = capsys.readouterr().out
    assert end.value.code == 0
    assert text.startswith(f"usage: osken-net {command}")
    assert len(text.split("\n\n")) >= 3
