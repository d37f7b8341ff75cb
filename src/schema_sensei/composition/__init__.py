"""Where the house is put together: rooms are wired to each other here and nowhere else."""
