# SPDX-License-Identifier: GPL-3.0-or-later
"""The built program, seen from outside.

A test script ends with cli.main(); meson gives it the program's path as the
first argument and reads the TAP it prints.  Everything runs on 127.0.0.1, on
free ports, with a home directory of its own.  Nothing sleeps: each wait is
for a line or for the end of a process, and has a deadline.
"""

import concurrent.futures
import contextlib
import json
import os
import pathlib
import queue
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import unittest

PROGRAM = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else None
PATIENCE = float(os.environ.get('CLI_PATIENCE', '20'))  # [s] for one wait
LOCAL = ('--listen', 'udp:127.0.0.1:0')

# ---- what contract says of the events ------------------------------------

STATES = {
    'account': ('off', 'registering', 'registered', 'failed'),
    'call': ('dialing', 'ringing', 'early', 'talking', 'held', 'ended'),
    'transfer': ('idle', 'refer-requested', 'refer-accepted',
                 'refer-rejected', 'refer-failed', 'trying', 'alerted',
                 'succeeded', 'failed', 'redirected'),
}
SUBS = ('none', 'wait', 'active', 'unsub', 'closed')
KINDS = ('blind', 'attended', 'semi')
OUTCOMES = ('succeeded', 'succeeded-inferred', 'redirected', 'failed',
            'rejected', 'not-sent', 'no-answer', 'no-reports', 'unknown',
            'timed-out', 'stopped')
LEVELS = ('error', 'warn', 'info', 'debug')

FIELDS = {
    'hello': {'v': int, 'version': str, 'listen': list},
    'account': {'id': int, 'aor': str, 'state': str, 'code': int,
                'text': str, 'expires': int},
    'call': {'id': int, 'account': int, 'dir': str, 'peer': str,
             'name': str, 'state': str, 'remote_hold': bool,
             'code': int, 'text': str, 'transfer': int},
    'transfer': {'id': int, 'call': int, 'consult': int, 'kind': str,
                 'target': str, 'state': str, 'sub': str,
                 'outcome': (str, type(None)), 'code': int, 'text': str},
    'reply': {'serial': int, 'command': str, 'ok': bool, 'error': str},
    'log': {'level': str, 'tag': str, 'text': str},
}


def check_events(lines):
    """The events in lines, after every promise about them was checked."""
    events = []
    now = -1.0
    outcome = {}
    ended = set()
    for line in lines:
        try:
            event = json.loads(line)
        except ValueError:
            raise AssertionError(f'not JSON: {line!r}') from None
        kind = event.get('ev')
        assert kind in FIELDS, f'no such event: {line}'
        fields = dict(FIELDS[kind], t=(int, float), ev=str)
        assert set(event) == set(fields), \
            f'fields {sorted(event)}, not {sorted(fields)}: {line}'
        for name, types in fields.items():
            assert isinstance(event[name], types), f'{name} of {line}'
            assert types is not int or not isinstance(event[name], bool), line
        assert event['t'] >= now, f'time runs backwards: {line}'
        now = event['t']
        if kind in STATES:
            assert event['state'] in STATES[kind], line
        if kind == 'hello':
            assert event['v'] == 1, line
        elif kind == 'call':
            assert event['dir'] in ('in', 'out'), line
            assert event['id'] not in ended, f'news of a dead call: {line}'
            if event['state'] == 'ended':
                ended.add(event['id'])
        elif kind == 'transfer':
            assert event['kind'] in KINDS and event['sub'] in SUBS, line
            assert event['id'] not in outcome, f'after the outcome: {line}'
            if event['outcome'] is not None:
                assert event['outcome'] in OUTCOMES, line
                outcome[event['id']] = event['outcome']
        elif kind == 'log':
            assert event['level'] in LEVELS, line
        events.append(event)
    return events


def only(events, kind, **fields):
    """The events of one kind whose fields have these values."""
    return [event for event in events if event['ev'] == kind and
            all(event.get(k) == v for k, v in fields.items())]


# ---- running it ----------------------------------------------------------

class Done:
    """A process that has ended: code, out, err; both as lines too."""

    def __init__(self, code, out, err):
        self.code = code
        self.out = out
        self.err = err
        self.out_lines = out.splitlines()
        self.err_lines = err.splitlines()

    def __str__(self):
        return f'exit {self.code}\nout: {self.out}\nerr: {self.err}'


def surroundings(home, **more):
    env = {'PATH': os.environ['PATH'], 'HOME': str(home), 'TERM': 'dumb',
           'LC_ALL': 'C.UTF-8', 'XDG_CONFIG_HOME': str(home)}
    for name, value in os.environ.items():
        if name.endswith('SAN_OPTIONS'):
            env[name] = value
    env.update(more)
    return env


class Program:
    """The program while it runs; reads both of its outputs by line."""

    def __init__(self, home, *args, cwd=None):
        self.args = args
        self.process = subprocess.Popen(
            [PROGRAM, *args], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, encoding='utf-8', bufsize=1,
            env=surroundings(home), cwd=cwd or home)
        self.lines = []
        self.errors = []
        self.fresh = queue.Queue()
        self.readers = [
            threading.Thread(target=self._read, daemon=True,
                             args=(self.process.stdout, self.lines)),
            threading.Thread(target=self._read, daemon=True,
                             args=(self.process.stderr, self.errors))]
        for reader in self.readers:
            reader.start()

    def _read(self, stream, lines):
        with contextlib.suppress(ValueError):  # closed
            for line in stream:
                lines.append(line.rstrip('\n'))
                self.fresh.put(lines is self.lines)
        self.fresh.put(None)

    def told(self):
        return (f'{" ".join(self.args)}\nout: ' + '\n     '.join(self.lines) +
                '\nerr: ' + '\n     '.join(self.errors))

    def wait(self, what, found, patience=PATIENCE):
        """Waits until found() is true; it is asked after every new line."""
        deadline = time.monotonic() + patience
        closed = 0
        while True:
            result = found()
            if result:
                return result
            left = deadline - time.monotonic()
            assert left > 0, f'no {what} in time; {self.told()}'
            assert closed < 2, f'ended without {what}; {self.told()}'
            with contextlib.suppress(queue.Empty):
                if self.fresh.get(timeout=left) is None:
                    closed += 1

    def event(self, kind, patience=PATIENCE, after=0, **fields):
        """The first event of this kind from line number `after` on."""
        def found():
            return only(map(json.loads, self.lines[after:]), kind, **fields)
        return self.wait(f'{kind} {fields}', found, patience)[0]

    def line(self, pattern, patience=PATIENCE, after=0):
        def found():
            return [line for line in self.lines[after:]
                    if re.search(pattern, line)]
        return self.wait(f'line like {pattern}', found, patience)[0]

    def error(self, pattern, patience=PATIENCE):
        def found():
            return [line for line in self.errors
                    if re.search(pattern, line)]
        return self.wait(f'message like {pattern}', found, patience)[0]

    def type(self, *lines):
        for line in lines:
            self.process.stdin.write(line + '\n')
        self.process.stdin.flush()

    def command(self, line):
        """Types a command and returns its reply."""
        after = len(self.lines)
        self.type(line)
        return self.event('reply', after=after)

    def signal(self, number):
        self.process.send_signal(number)

    def end(self, patience=PATIENCE):
        """Waits for it to end by itself."""
        try:
            code = self.process.wait(patience)
        except subprocess.TimeoutExpired:
            raise AssertionError(f'did not end; {self.told()}') from None
        for reader in self.readers:
            reader.join(PATIENCE)
        return Done(code, ''.join(l + '\n' for l in self.lines),
                    ''.join(l + '\n' for l in self.errors))

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for reader in self.readers:
            reader.join(PATIENCE)
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.stdout.close()
        self.process.stderr.close()


class Case(unittest.TestCase):
    """One that has a home directory and ends what it started."""

    def setUp(self):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix='cordpair-cli.'))
        self.addCleanup(shutil.rmtree, self.home, ignore_errors=True)

    def start(self, *args, **kwargs):
        program = Program(self.home, *args, **kwargs)
        self.addCleanup(program.close)
        return program

    def run_it(self, *args, stdin='', patience=PATIENCE, **kwargs):
        """Runs the program to its end."""
        if isinstance(stdin, str):
            kwargs['input'] = stdin
        else:
            kwargs['stdin'] = stdin
        kwargs.setdefault('stdout', subprocess.PIPE)
        try:
            result = subprocess.run(
                [PROGRAM, *args], stderr=subprocess.PIPE, text=True,
                encoding='utf-8', env=surroundings(self.home), cwd=self.home,
                timeout=patience, check=False, **kwargs)
        except subprocess.TimeoutExpired as late:
            raise AssertionError(
                f'{" ".join(args)} did not end\nout: {late.stdout}\n'
                f'err: {late.stderr}') from None
        return Done(result.returncode, result.stdout or '', result.stderr)

    def run_all(self, jobs, **kwargs):
        """Runs many at once; jobs: key -> arguments, gives key -> Done."""
        with concurrent.futures.ThreadPoolExecutor(len(jobs)) as pool:
            futures = {key: pool.submit(self.run_it, *args, **kwargs)
                       for key, args in jobs.items()}
            return {key: future.result() for key, future in futures.items()}

    def file(self, name, text, mode=0o600):
        path = self.home / name
        path.write_text(text, encoding='utf-8')
        path.chmod(mode)
        return str(path)

    def bank(self, *more):
        """A running bank; .uri(user) is one of its phones."""
        bank = self.start('bank', '--json', *(more or LOCAL))
        bank.hello = bank.event('hello')
        bank.port = int(bank.hello['listen'][0].rsplit(':', 1)[1])
        bank.uri = lambda user, rest='': \
            f'sip:{user}@127.0.0.1:{bank.port}{rest}'
        return bank

    def one_line(self, done, *words):
        """Says what was wrong on stderr in one line that has these words."""
        self.assertEqual(1, len(done.err_lines), str(done))
        self.assertTrue(done.err_lines[0].isprintable(), str(done))
        for word in words:
            self.assertIn(word, done.err, str(done))

    def refuses(self, *args, code=2, words=(), stdin=''):
        done = self.run_it(*args, stdin=stdin)
        self.assertEqual(code, done.code, str(done))
        self.one_line(done, *words)
        return done


def free_port(kind=socket.SOCK_DGRAM):
    with socket.socket(socket.AF_INET, kind) as sock:
        sock.bind(('127.0.0.1', 0))
        return sock.getsockname()[1]


# ---- TAP -----------------------------------------------------------------

class Tap(unittest.TestResult):
    """One TAP line for each test; what went wrong goes to stderr, which is
    what meson shows of a test that failed."""

    number = 0

    def startTest(self, test):
        super().startTest(test)
        self.name = test.id().split('.', 1)[-1].replace('_', ' ')
        self.good = True
        self.skip = None

    def _bad(self, err, where=''):
        self.good = False
        print(f'---- {self.name} {where}', file=sys.stderr)
        traceback.print_exception(*err)

    def addError(self, test, err):
        super().addError(test, err)
        self._bad(err)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._bad(err)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self._bad(err, subtest._subDescription())

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.skip = reason

    def stopTest(self, test):
        Tap.number += 1
        print('ok' if self.good else 'not ok', self.number, '-', self.name,
              f'# SKIP {self.skip}' if self.skip else '', flush=True)


def main():
    suite = unittest.defaultTestLoader.loadTestsFromModule(
        sys.modules['__main__'])
    if len(sys.argv) > 2:  # only the tests whose name has this in it
        suite = unittest.TestSuite(
            test for group in suite for test in group
            if sys.argv[2] in test.id())
    print(f'1..{suite.countTestCases()}', flush=True)
    signal.alarm(int(PATIENCE * 30))  # whatever happens, it ends
    result = Tap()
    suite.run(result)
    sys.exit(0 if result.wasSuccessful() else 1)
