# SPDX-License-Identifier: Apache-2.0
# terminal.py: runs a command on a terminal of its own, for tests of what a user sees and types there.
import os
import pty
import select


def talk(command, environment, answers=(), columns=None, patience=60):
    """The exit status of `command`, a list, and the bytes it showed. answers: pairs of bytes to wait for and bytes to
    type then. columns: the terminal's width. AssertionError if nothing is shown for `patience` seconds."""
    if columns:
        command = ['/bin/sh', '-c', f'stty cols {columns}; exec "$@"', 'sh', *command]
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvpe(command[0], command, environment)
    output, answers = b'', list(answers)
    while True:
        assert select.select([terminal], [], [], patience)[0], output
        try:
            piece = os.read(terminal, 4096)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        output += piece
        if answers and answers[0][0] in output:
            os.write(terminal, answers.pop(0)[1])
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), output
