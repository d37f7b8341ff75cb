"""The few words every room uses: errors, exit codes, secrets, targets."""
