# SPDX-License-Identifier: Apache-2.0
# usual_signals.py: undoes what nohup and a shell's background leave behind: ignored signals, which all that a test starts
# would inherit.
import signal


def restore():
    for number in (signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
