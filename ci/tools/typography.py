"""Fails when AutoCorrect would set a Markdown file in another way: `typography.py FILE…`."""

import sys

import autocorrect_py

changes = 0
for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as file:
        result = autocorrect_py.lint_for(file.read(), "markdown")
    for line in result.lines:
        changes += 1
        print(f"{path}:{line.line}:{line.col}: {line.old} → {line.new}")
sys.exit(1 if changes else 0)
