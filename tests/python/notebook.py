# SPDX-License-Identifier: Apache-2.0
"""notebook.py: a kernel for this interpreter, and what the cells of a notebook show, executed by nbclient."""
import json
import os
import subprocess
import sys

import nbclient
import nbformat


def install(folder, *options):
    """A kernel for this interpreter, found by JUPYTER_PATH."""
    done = subprocess.run([sys.executable, '-m', 'vprec', 'kernel', '--install', '--prefix', folder, *options],
                          capture_output=True, text=True, check=False, timeout=100)
    return done.returncode, done.stdout + done.stderr


def execute(cells, kernel):
    """The cells of code with their outputs."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in cells])
    nbclient.NotebookClient(notebook, timeout=200, kernel_name=kernel, allow_errors=True).execute()
    return notebook.cells


def outputs(cells, kernel):
    """What each cell of code shows: texts, or the name of its error."""
    shown = []
    for cell in execute(cells, kernel):
        words = []
        for output in cell.outputs:
            if output.output_type == 'stream':
                words.append(f'{output.name}: {output.text.strip()}')
            elif output.output_type == 'error':
                words.append(f'{output.ename}: {output.evalue}')
            else:
                words.append(output.data['text/plain'])
        shown.append(words)
    return shown


def install_plain(folder):
    """A kernel named plain, in which nothing is rounded; JUPYTER_PATH and IPYTHONDIR name the folder."""
    os.environ['JUPYTER_PATH'] = os.path.join(folder, 'share', 'jupyter')
    os.environ['IPYTHONDIR'] = folder
    if install(folder, '--format', 'native', '--name', 'plain')[0]:
        raise RuntimeError('no kernel was installed')
    path = os.path.join(folder, 'share/jupyter/kernels/plain/kernel.json')
    with open(path, encoding='utf-8') as file:
        specification = json.load(file)
    specification['argv'] = specification['argv'][specification['argv'].index('--') + 1:]
    with open(path, 'w', encoding='utf-8') as file:
        json.dump(specification, file)
