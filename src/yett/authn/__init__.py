"""How people prove who they are: one folder per method, each with one door: `verify`."""
