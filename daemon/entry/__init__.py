"""The one webhook entry in front of several cells (`showroomd entry`): see docs/how-to/two-cores.md."""
