"""Becomes a process, and leaves a watcher behind that ends the process when whoever started it is gone.

    python keeper.py PIPE DIRECTORY COMMAND [ARGUMENT …]      DIRECTORY is the process's; empty: it has none to delete

PIPE is a file descriptor, the read end of a pipe that the starter holds open. The end of the pipe is the end of the starter,
whatever it died of; then nobody else is left to delete the directory either. A signal handler or `atexit` would not see
a SIGKILL, and Linux's parent death signal fires already when the starting *thread* ends.
"""

import os
import shutil
import signal
import sys
import time


def _watch(pipe: int, process: int, directory: str) -> None:
    # whoever reads what the process says must not wait for the watcher to end, too
    for stream in {0, 1, 2} - {pipe}:
        os.close(stream)
    # whoever ends all that looks like ours must not end the watcher first
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    while os.read(pipe, 1024):
        pass
    if os.getppid() == process:  # else it has ended by itself, and the number may be another's by now
        os.kill(process, signal.SIGKILL)
        while os.getppid() == process:  # as long as it lives it may add files to what is being deleted
            time.sleep(0.01)
        if directory:
            shutil.rmtree(directory, ignore_errors=True)


def main() -> None:
    """Leave the watcher behind and become the process."""
    pipe, directory, *command = sys.argv[1:]
    process = os.getpid()
    if os.fork() == 0:
        _watch(int(pipe), process, directory)
        os._exit(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    if int(pipe) == 0:
        os.dup2(nothing, 0)
    else:
        os.close(int(pipe))  # the watcher alone holds it
    os.execv(command[0], command)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main()
