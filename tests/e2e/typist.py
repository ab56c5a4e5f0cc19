"""A person at a terminal: runs the program with stdin and stderr on a pseudo terminal and types an answer when asked."""

import os
import pty
import select
import subprocess
import time

from harness import Failure, Run


def at_terminal(world, *arguments, answers=(), env=None, program=None, timeout=30):
    """`answers` are (text to wait for on the screen, what to type); the Run's stderr is the screen."""
    master, slave = pty.openpty()
    command = [str(program or world.program), *map(str, arguments)]
    process = subprocess.Popen(command, env=world.environment({"TERM": "xterm", **(env or {})}), cwd=world.work, stdin=slave, stderr=slave,
                               stdout=subprocess.PIPE, start_new_session=True)
    os.close(slave)
    screen, waiting, end = b"", list(answers), time.monotonic() + timeout
    while time.monotonic() < end:
        if select.select([master], [], [], 0.05)[0]:
            try:
                screen += os.read(master, 1 << 16)
            except OSError:  # the last one left the terminal
                break
        if waiting and waiting[0][0].encode() in screen:
            os.write(master, waiting.pop(0)[1].encode())
    else:
        process.kill()
    out, _ = process.communicate()
    os.close(master)
    run = Run(command[1:], process.returncode, out, screen)
    world.runs.append(run)
    if process.returncode is not None and process.returncode < 0:
        raise Failure(f"  did not end by itself\n{run}")
    return run
