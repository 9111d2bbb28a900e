"""Becomes a server, and leaves a watcher behind that ends the server when whoever started it is gone.

    python keeper.py DIRECTORY COMMAND [ARGUMENT …]      DIRECTORY is the server's

Standard input is the read end of a pipe that the starter holds open. The end of the pipe is the end of the starter,
whatever it died of; then nobody else is left to delete the directory either. A signal handler or `atexit` would not see
a SIGKILL, and Linux's parent death signal fires already when the starting *thread* ends.
"""

import os
import shutil
import signal
import sys


def _watch(server: int, directory: str) -> None:
    while os.read(0, 1024):
        pass
    if os.getppid() == server:  # else it has ended by itself, and the number may be another's by now
        os.kill(server, signal.SIGKILL)
        shutil.rmtree(directory, ignore_errors=True)


def main() -> None:
    """Leave the watcher behind and become the server."""
    directory, *command = sys.argv[1:]
    server = os.getpid()
    if os.fork() == 0:
        _watch(server, directory)
        os._exit(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)  # the watcher alone holds the pipe
    os.execv(command[0], command)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main()
