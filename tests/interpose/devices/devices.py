# SPDX-License-Identifier: Apache-2.0
"""devices.py VPREC_RUN PROGRAM LIBRARY: work that is launched on a device is said and fails --audit, whoever launches it;
a library that launches none is no matter. LIBRARY has the functions of all of them."""
import os
import shutil
import subprocess
import sys
import tempfile

VPREC_RUN, PROGRAM, LIBRARY = sys.argv[1], sys.argv[2], sys.argv[3]
LAUNCHES = {'libcuda.so.1': ('cuLaunchKernel', 'cuGraphLaunch'), 'libamdhip64.so.6': ('hipModuleLaunchKernel',),
            'libze_loader.so.1': ('zeCommandListAppendLaunchKernel',), 'libOpenCL.so.1': ('clEnqueueNDRangeKernel',)}
HARMLESS = {'libcuda.so.1': ('cuInit',), 'libOpenCL.so.1': ('clGetPlatformIDs',), 'libother.so.1': ('cuLaunchKernel',)}


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout, done.stderr


with tempfile.TemporaryDirectory() as folder:
    for libraries, said in (LAUNCHES, True), (HARMLESS, False):
        for name, functions in libraries.items():
            path = os.path.join(folder, name)
            shutil.copy(LIBRARY, path)
            for function in functions:
                native = run(PROGRAM, path, function)
                assert native[0] == 0, native
                for options in [], ['--skip-object', '*' + name]:
                    for form in 'native', 'bf16':
                        what = (name, function, options, form)
                        status, out, errors = run(VPREC_RUN, '-q', '-f', form, '--audit', *options, '--', PROGRAM, path,
                                                  function)
                        assert status == (124 if said else 0), (what, status, errors)
                        assert (out == native[1]) == (form == 'native'), (what, out, native[1])
                        line = [e for e in errors.splitlines() if function in e and name in e and 'device' in e]
                        assert bool(line) == said, (what, errors)
