"""Write the generated files; `make docs` runs this, and the difference is read before it is committed."""

from tests.golden.rendering import generated_files

for path, text in generated_files():
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
