"""How people run it: the command line, embedded servers, replay, the demonstration. No detection logic."""
