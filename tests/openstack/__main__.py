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


def _too_long(_number: int, _frame: object) -> None:
    raise LabError(f"it took more than {LIMIT_S} s")


def main(environment: Path, output: Path) -> int:
    """Do all of it; give the exit status."""
    signal.signal(signal.SIGALRM, _too_long)
    signal.signal(signal.SIGTERM, _too_long)
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
            return dashboard.story(cloud, output)

        story.do(the_reference_s_steps_in_horizon)
        story.do(story.all_is_deleted)
        print(f"From network-vif-plugged to the server's running: {story.delays()} s", flush=True)
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
        signal.alarm(0)
        if cloud and cloud.recorded.exists():
            shutil.copy(cloud.recorded, output)
        take_down(state_dir)
        shutil.rmtree(state_dir.parent, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).absolute(), Path(sys.argv[2]).absolute()))
