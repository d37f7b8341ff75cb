"""The person's project: sensei.yaml becomes Project, Environment and Target."""
