"""What runs in a worker process, where Alembic is imported and the project's code may do what it likes."""
