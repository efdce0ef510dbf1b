"""Write the generated files; `make docs` runs this, and the difference is read before it is committed."""

import tempfile
from pathlib import Path

from tests.golden.rendering import generated_files
from tests.unit.policy_walk import PAGE, page

for path, text in generated_files():
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)

with tempfile.TemporaryDirectory() as directory:
    PAGE.write_text(page(Path(directory)))
