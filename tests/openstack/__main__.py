"""`make openstack`: bring the cloud up, tell the story, take all down; also when something fails.

The arguments: the directory of the environments, and where the page's pictures and the recorded requests go.
"""

import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

from osken_apps.lab import Lab, LabError, take_down
from tests.openstack import dashboard
from tests.openstack.cloud import Cloud
from tests.openstack.story import Story

LIMIT_S = 2400
NAME = "ostack"


class Ended(Exception):
    """It is to end before the story does. No step catches this."""


def _too_long(_number: int, _frame: object) -> None:
    raise Ended(f"it took more than {LIMIT_S} s")


def _signalled(number: int, _frame: object) -> None:
    raise Ended(signal.Signals(number).name)


def main(environment: Path, output: Path) -> int:
    """Do all of it; give the exit status."""
    signal.signal(signal.SIGALRM, _too_long)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _signalled)
    signal.alarm(LIMIT_S)
    output.mkdir(parents=True, exist_ok=True)
    state_dir = Path(tempfile.mkdtemp(prefix="osken-openstack-")) / "lab"
    cloud = None
    try:
        began = time.monotonic()
        lab = Lab.up(NAME, hosts=2, state_dir=state_dir)
        cloud = Cloud(lab, environment)
        print("The cloud comes up", flush=True)
        cloud.start()
        print(f"  {time.monotonic() - began:6.1f} s", flush=True)
        story = Story(cloud)
        story.tell()

        def the_reference_s_steps_in_horizon() -> str:
            return f"{dashboard.story(cloud, output)}\n{story.client('demo', 'server', 'list')}"

        story.do(the_reference_s_steps_in_horizon)
        story.do(story.all_is_deleted)
        story.do(story.a_server_runs_within_a_second_of_its_port)
        if story.failed:
            raise LabError(f"failed: {', '.join(story.failed)}")
        return 0
    except Exception as error:
        print(f"FAILED: {error!r}", file=sys.stderr)
        for name, text in (cloud.logs() if cloud else {}).items():
            (output / name).write_text(text)
        print(f"the ends of the logs are in {output}", file=sys.stderr)
        return 1
    finally:
        for number in (signal.SIGALRM, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)  # the end is not to be ended
        if cloud and cloud.recorded.exists():
            shutil.copy(cloud.recorded, output)
        take_down(state_dir)
        shutil.rmtree(state_dir.parent, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).absolute(), Path(sys.argv[2]).absolute()))
