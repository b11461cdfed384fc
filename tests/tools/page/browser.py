# SPDX-License-Identifier: Apache-2.0
# browser.py: headless Chromium, driven over its DevTools pipe: opens a page, tells what it asked for and complained
# of, runs questions in it, takes screenshots. Knows nothing of reports.
import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

PATIENCE = 60  # seconds for one answer; a busy machine starts a browser slowly


def high_pipe():
    """A pipe whose ends are descriptors above 4."""
    low = os.pipe()
    high = tuple(fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 5) for end in low)
    for end in low:
        os.close(end)
    return high


class Browser:
    """One browser with one page. Use as a context manager."""

    def __init__(self):
        self.profile = tempfile.mkdtemp(prefix='vprec-chromium-')
        theirs_in, self.out = high_pipe()
        self.incoming, theirs_out = high_pipe()
        command = ['chromium', '--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage',
                   '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
                   '--disable-extensions', '--disable-default-apps', '--mute-audio', '--hide-scrollbars',
                   '--no-proxy-server', '--host-resolver-rules=MAP * ~NOTFOUND', '--remote-debugging-pipe',
                   f'--user-data-dir={self.profile}', 'about:blank']
        # The browser reads descriptor 3 and writes 4; the shell puts the pipes' ends there. They are 5 or more here, so
        # that neither is in the other's place. A session of its own: browser and helpers are one group to end.
        shell = f'exec 3<&{theirs_in} 4>&{theirs_out}; exec "$@"'
        self.process = subprocess.Popen(
            ['/bin/bash', '-c', shell, 'bash', *command], pass_fds=(theirs_in, theirs_out), start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={**os.environ, 'HOME': self.profile, 'XDG_CONFIG_HOME': self.profile, 'XDG_CACHE_HOME': self.profile})
        os.close(theirs_in)
        os.close(theirs_out)
        self.buffer, self.number, self.session, self.events = b'', 0, None, []
        target = self.call('Target.createTarget', url='about:blank')['targetId']
        self.session = self.call('Target.attachToTarget', targetId=target, flatten=True)['sessionId']
        for domain in 'Page', 'Runtime', 'Log', 'Network':
            self.call(f'{domain}.enable')

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.out)
        os.close(self.incoming)
        try:
            os.killpg(self.process.pid, 9)
        except ProcessLookupError:
            pass
        self.process.wait()
        shutil.rmtree(self.profile, ignore_errors=True)

    def message(self):
        """The next message of the browser."""
        deadline = time.monotonic() + PATIENCE
        while b'\0' not in self.buffer:
            ready = select.select([self.incoming], [], [], max(0, deadline - time.monotonic()))[0]
            piece = os.read(self.incoming, 1 << 20) if ready else b''
            if not piece:
                raise TimeoutError('the browser says nothing' if not ready else 'the browser is gone')
            self.buffer += piece
        text, self.buffer = self.buffer.split(b'\0', 1)
        return json.loads(text)

    def call(self, method, **parameters):
        self.number += 1
        request = {'id': self.number, 'method': method, 'params': parameters}
        if self.session:
            request['sessionId'] = self.session
        data = json.dumps(request).encode() + b'\0'
        while data:
            data = data[os.write(self.out, data):]
        while True:
            answer = self.message()
            if answer.get('id') == self.number:
                if 'error' in answer:
                    raise RuntimeError(f'{method}: {answer["error"]}')
                return answer['result']
            self.events.append(answer)

    def open(self, path):
        """Loads a file; returns when it and all it asks for is there."""
        self.events = []
        self.call('Page.navigate', url='file://' + os.path.abspath(path))
        while not any(event.get('method') == 'Page.loadEventFired' for event in self.events):
            self.events.append(self.message())

    def ask(self, expression):
        """The value of a JavaScript expression in the page."""
        answer = self.call('Runtime.evaluate', expression=expression, returnByValue=True, awaitPromise=True)
        if 'exceptionDetails' in answer:
            raise RuntimeError(json.dumps(answer['exceptionDetails']))
        return answer['result'].get('value')

    def requests(self):
        """The URLs that the page asked for."""
        return [event['params']['request']['url'] for event in self.events
                if event.get('method') == 'Network.requestWillBeSent']

    def complaints(self):
        """Console output, log entries and exceptions."""
        return [event for event in self.events
                if event.get('method') in ('Runtime.consoleAPICalled', 'Runtime.exceptionThrown', 'Log.entryAdded')]

    def view(self, width, height=900, scheme='light', scale=1, mobile=False):
        self.call('Emulation.setDeviceMetricsOverride', width=width, height=height, deviceScaleFactor=scale,
                  mobile=mobile)
        self.call('Emulation.setEmulatedMedia', features=[{'name': 'prefers-color-scheme', 'value': scheme}])

    def shoot(self, path, whole=True):
        image = self.call('Page.captureScreenshot', format='png', captureBeyondViewport=whole)['data']
        with open(path, 'wb') as file:
            file.write(base64.b64decode(image))
