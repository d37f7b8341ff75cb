"""The full-screen front end, in Textual: Guide, Run and History."""
