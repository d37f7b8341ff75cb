"""What a change would do to a live database: what a linter fears, what a scratch copy shows, merged into one list."""
