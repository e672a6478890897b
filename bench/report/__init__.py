"""One self-contained page per run, which says what happened; the verdicts as Markdown or CSV."""
