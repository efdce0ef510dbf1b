"""`python -m osken_apps.cli` is `osken-net`."""

import sys

from osken_apps.cli import main

sys.exit(main())
