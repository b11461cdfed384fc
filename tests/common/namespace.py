# SPDX-License-Identifier: Apache-2.0
# namespace.py: puts a test where it may mount file systems of its own, for tests of full disks.
import os
import subprocess
import sys


def enter():
    """Goes on where this process may mount: starts it anew there, or skips."""
    if os.environ.get('VPREC_NAMESPACE'):
        return
    how = ['unshare', '--mount'] if os.geteuid() == 0 else ['unshare', '--map-root-user', '--mount']
    probe = subprocess.run([*how, 'mount', '-t', 'tmpfs', 'none', '/mnt'], capture_output=True)
    if probe.returncode:
        print('no file system can be mounted here:', probe.stderr.decode(), file=sys.stderr)
        sys.exit(77)
    os.environ['VPREC_NAMESPACE'] = '1'
    os.execvp(how[0], [*how, sys.executable, *sys.argv])
