# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests against real peers have in common.

A peer is a program of Debian's, started here on 127.0.0.1 with free ports and
a directory of its own.  Nothing sleeps: every wait is for a line of output or
for an event, and has a deadline.

A test script calls main(rows): each row is (name, function); a row fails by
raising, most often through check().  The logs of all processes of a failed
row are printed.  Exit codes: 0 all rows held, 1 not, 77 a program is missing.
"""

import atexit
import json
import os
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

HOST = '127.0.0.1'
HERE = os.path.dirname(os.path.abspath(__file__))
PATIENCE = float(os.environ.get('PEERS_PATIENCE', '15'))  # [s] for one wait

LIVE = []    # processes that run
BORN = []    # processes started since the row began
TMP = tempfile.mkdtemp(prefix='cordpair-peers.')
_given = set()


class Failed(Exception):
    """A row does not hold, or something awaited did not come."""


def check(cond, why):
    if not cond:
        raise Failed(why)


def equal(got, want, what):
    if got != want:
        raise Failed('%s: got %r, want %r' % (what, got, want))


def free_port(count=1):
    """A port that is free for UDP and TCP, and the count-1 above it too."""
    for _ in range(200):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind((HOST, 0))
            port = s.getsockname()[1] & ~1
        if port in _given or port + count >= 65536:
            continue
        if all(_is_free(p) for p in range(port, port + count)):
            _given.update(range(port, port + count))
            return port
    raise Failed('no free port on ' + HOST)


def _is_free(port):
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        with socket.socket(socket.AF_INET, kind) as s:
            try:
                s.bind((HOST, port))
            except OSError:
                return False
    return True


def _listens(port, tcp):
    with open('/proc/net/' + ('tcp' if tcp else 'udp'),
              encoding='ascii') as f:
        for line in f.readlines()[1:]:
            word = line.split()
            if int(word[1].split(':')[1], 16) == port and (
                    not tcp or word[3] == '0A'):
                return True
    return False


def tmpdir(name):
    return tempfile.mkdtemp(prefix=name + '.', dir=TMP)


def write(path, text, mode=0o644):
    with open(path, 'w', encoding='utf-8') as f:
        os.fchmod(f.fileno(), mode)
        f.write(text)
    return path


def need(*programs):
    """Skip, loudly, when a program is not installed."""
    for p in programs:
        if shutil.which(p) is None and not os.access(p, os.X_OK):
            print('SKIPPED: %s is not installed; nothing was tested' % p,
                  flush=True)
            sys.exit(77)


class Proc:
    """A process whose output is read line by line and can be waited for."""

    def __init__(self, name, argv, cwd=None, env=None, logs=()):
        self.name = name
        self.argv = argv
        self.lines = []
        self.logs = list(logs)         # files to show when a row fails
        self.cond = threading.Condition()
        self.ended = False
        self.seen = 0                  # lines before this one were consumed
        full = dict(os.environ, HOME=cwd or TMP, XDG_CONFIG_HOME=cwd or TMP,
                    LC_ALL='C.UTF-8', TERM='dumb')
        full.update(env or {})
        self.p = subprocess.Popen(argv, cwd=cwd or TMP, env=full,
                                  stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT,
                                  start_new_session=True)
        LIVE.append(self)
        BORN.append(self)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for raw in self.p.stdout:
            line = raw.decode('utf-8', 'replace').rstrip('\r\n')
            with self.cond:
                self.lines.append(line)
                self.on_line(line)
                self.cond.notify_all()
        with self.cond:
            self.ended = True
            self.cond.notify_all()

    def on_line(self, line):
        """For those who derive: called with the lock held."""

    def type(self, line):
        self.p.stdin.write((line + '\n').encode())
        self.p.stdin.flush()

    def wait_line(self, regex, patience=None, again=False):
        """The match of the next line that has it.  Lines up to and with it
        are consumed; again=True looks at all lines there ever were."""
        rx = re.compile(regex)
        at = 0 if again else self.seen
        end = time.monotonic() + (patience or PATIENCE)
        with self.cond:
            while True:
                while at < len(self.lines):
                    m = rx.search(self.lines[at])
                    at += 1
                    if m:
                        self.seen = max(self.seen, at)
                        return m
                if self.ended:
                    raise Failed('%s ended; no line %r' % (self.name, regex))
                left = end - time.monotonic()
                if left <= 0 or not self.cond.wait(left):
                    if time.monotonic() >= end:
                        raise Failed('%s: no line %r' % (self.name, regex))

    def count(self, regex):
        rx = re.compile(regex)
        with self.cond:
            return sum(1 for line in self.lines if rx.search(line))

    def wait_exit(self, patience=None):
        try:
            code = self.p.wait(patience or PATIENCE)
        except subprocess.TimeoutExpired:
            raise Failed('%s still runs' % self.name) from None
        self.reader.join(5)
        if self in LIVE:
            LIVE.remove(self)
        return code

    def stop(self, sig=signal.SIGTERM, patience=5):
        """End it and all of its children; the exit code."""
        if self.p.poll() is None:
            self.p.send_signal(sig)
            try:
                self.p.wait(patience)
            except subprocess.TimeoutExpired:
                pass
        try:
            os.killpg(self.p.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.p.wait()
        self.reader.join(5)
        if self in LIVE:
            LIVE.remove(self)
        return self.p.returncode

    def show(self):
        print('---- %s: %s' % (self.name, ' '.join(self.argv)))
        for line in self.lines[-400:]:
            print('  | ' + line)
        for path in self.logs:
            if os.path.exists(path):
                with open(path, encoding='utf-8', errors='replace') as f:
                    text = f.read().splitlines()
                print('  ---- ' + path)
                for line in text[-400:]:
                    print('  | ' + line.rstrip())


class Events(Proc):
    """cordpair with --json: command lines in, events out."""

    def __init__(self, *a, **kw):
        self.events = []
        self.at = 0
        super().__init__(*a, **kw)

    def on_line(self, line):
        if not line.startswith('{'):
            return
        try:
            self.events.append(json.loads(line))
        except ValueError:
            self.events.append({'ev': '?', 'line': line})

    def wait(self, ev, patience=None, again=False, **fields):
        """The next event of this kind whose fields are these.  A field may
        be a tuple: any of them."""
        at = 0 if again else self.at
        end = time.monotonic() + (patience or PATIENCE)

        def holds(e):
            if e.get('ev') != ev:
                return False
            for k, v in fields.items():
                if isinstance(v, tuple):
                    if e.get(k) not in v:
                        return False
                elif e.get(k) != v:
                    return False
            return True

        with self.cond:
            while True:
                while at < len(self.events):
                    e = self.events[at]
                    at += 1
                    if holds(e):
                        self.at = max(self.at, at)
                        return e
                if self.ended:
                    raise Failed('%s ended without %s %r' %
                                 (self.name, ev, fields))
                left = end - time.monotonic()
                if left > 0:
                    self.cond.wait(left)
                elif at >= len(self.events):
                    raise Failed('%s: no event %s %r' %
                                 (self.name, ev, fields))

    def all(self, ev, **fields):
        with self.cond:
            return [e for e in self.events if e.get('ev') == ev and
                    all(e.get(k) == v for k, v in fields.items())]

    def command(self, line, ok=True):
        """Type a command; its reply.  What follows is searched from here,
        for news may come before the reply."""
        with self.cond:
            self.at = begin = len(self.events)
        self.type(line)
        e = self.wait('reply', command=line.split()[0])
        self.at = begin
        if ok is not None:
            check(bool(e.get('ok')) == ok, 'reply to %r: %r' % (line, e))
        return e


# ---- the program under test ----------------------------------------------

BINARY = None


def _base(listen, config, account, extra, d):
    argv = []
    argv += ['--config', write(os.path.join(d, 'config'), config)]
    for item in listen:
        argv += ['--listen', item]
    if account:
        argv += ['--account', account]
    argv += ['--trace', os.path.join(d, 'trace')]
    argv += list(extra)
    return argv


class Console(Events):
    """cordpair --plain --json"""

    def __init__(self, listen=None, config='', account=None, extra=(),
                 name='cordpair', wait=True):
        d = tmpdir(name)
        self.trace = os.path.join(d, 'trace')
        self.port = free_port()
        listen = listen or ['udp:%s:%d' % (HOST, self.port)]
        listen = [item.replace('PORT', str(self.port)) for item in listen]
        super().__init__(name, [BINARY, '--plain', '--json'] +
                         _base(listen, config, account, extra, d),
                         cwd=d, logs=[self.trace])
        if wait:
            self.wait('hello')

    def quit(self):
        """By `quit`; must end by itself and with 0."""
        self.type('quit')
        equal(self.wait_exit(8), 0, self.name + ' exit code after quit')

    def call(self, target, patience=None):
        """Dial, and wait until both talk; the number of the call."""
        had = {e['id'] for e in self.all('call')}
        self.command('dial ' + target)
        e = self.wait('call', patience, state=('talking', 'ended'), dir='out')
        check(e['id'] not in had, 'the call has a number of its own')
        equal(e['state'], 'talking', 'call to %s (%s %s)' %
              (target, e.get('code'), e.get('text')))
        return e['id']


class Once(Events):
    """cordpair call|xfer ... --json"""

    def __init__(self, verb, *args, listen=None, config='', account=None):
        d = tmpdir(verb)
        self.trace = os.path.join(d, 'trace')
        self.port = free_port()
        listen = listen or ['udp:%s:%d' % (HOST, self.port)]
        listen = [item.replace('PORT', str(self.port)) for item in listen]
        super().__init__('cordpair ' + verb, [BINARY, verb, '--json'] +
                         _base(listen, config, account, args, d),
                         cwd=d, logs=[self.trace])


class Authority:
    """A CA, a server's certificate by it, and two that must be refused."""

    def __init__(self):
        self.d = d = tmpdir('ca')
        self.ca = os.path.join(d, 'ca.pem')
        self._ssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days',
                  '2', '-keyout', d + '/ca.key', '-out', self.ca, '-subj',
                  '/CN=the test authority')
        self.good = self._cert('good', 'IP:%s,DNS:localhost' % HOST)
        self.named = self._cert('named', 'DNS:pbx.example')
        self.self_signed = (d + '/own.pem', d + '/own.key')
        self._ssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days',
                  '2', '-keyout', d + '/own.key', '-out', d + '/own.pem',
                  '-subj', '/CN=' + HOST, '-addext',
                  'subjectAltName=IP:' + HOST)

    def _ssl(self, *args):
        subprocess.run(('openssl',) + args, check=True, cwd=self.d,
                       stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def _cert(self, name, san):
        base = os.path.join(self.d, name)
        self._ssl('req', '-newkey', 'rsa:2048', '-nodes', '-keyout',
                  base + '.key', '-out', base + '.csr', '-subj', '/CN=' + name)
        write(base + '.ext', 'subjectAltName=%s\n' % san)
        self._ssl('x509', '-req', '-in', base + '.csr', '-CA', self.ca,
                  '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2',
                  '-extfile', base + '.ext', '-out', base + '.pem')
        return base + '.pem', base + '.key'


_authority = []


def authority():
    if not _authority:
        _authority.append(Authority())
    return _authority[0]


class Bank(Events):
    """cordpair bank: the far end that is always there."""

    def __init__(self, extra=(), config='', transports=('udp', 'tcp')):
        d = tmpdir('bank')
        self.port = free_port()
        super().__init__('bank', [
            BINARY, 'bank', '--json', '--config',
            write(os.path.join(d, 'config'), config)] +
            ['--listen=%s:%s:%d' % (tp, HOST, self.port)
             for tp in transports] + list(extra), cwd=d)
        self.wait('hello')

    def uri(self, user):
        return 'sip:%s@%s:%d' % (user, HOST, self.port)


def steps(events):
    """(state, code) of transfer events, equal neighbours made one."""
    out = []
    for e in events:
        step = (e['state'], e.get('code'))
        if not out or out[-1] != step:
            out.append(step)
    return out


def xfer(caller, target, *args, **kw):
    """Run `cordpair xfer`: its exit code, the transfer's events, it."""
    x = Once('xfer', *args, caller, target, **kw)
    code = x.wait_exit(45)
    return code, x.all('transfer'), x


def told_once(events):
    """An outcome comes once, and last; it."""
    outs = [e['outcome'] for e in events]
    check(outs, 'the transfer was told of')
    check(outs[-1] is not None, 'the last line tells the outcome: %r' %
          events[-1])
    check(not any(outs[:-1]), 'no line before it does: %r' % outs)
    return outs[-1]


def in_order(got, want, what):
    """All of want are in got, in that order."""
    it = iter(got)
    for w in want:
        if not any(g == w for g in it):
            raise Failed('%s: %r is not in order in %r' % (what, w, got))


# ---- sipp -----------------------------------------------------------------

class Sipp(Proc):
    """One of our scenarios, for one call; exits 0 when all of it was so."""

    def __init__(self, scenario, keys=None, transport='u1', remote=None,
                 port=None, timeout=30, name=None, extra=()):
        d = tmpdir('sipp-' + scenario)
        self.port = port or free_port(4)
        self.messages = os.path.join(d, 'messages')
        # sipp wants codes literally, so the keys are filled in here
        with open(os.path.join(HERE, 'sipp', scenario + '.xml'),
                  encoding='utf-8') as f:
            text = f.read()
        for k, v in (keys or {}).items():
            check('[%s]' % k in text, '%s has the key %s' % (scenario, k))
            text = text.replace('[%s]' % k, v)
        argv = ['sipp', '-sf', write(os.path.join(d, scenario + '.xml'), text),
                '-i', HOST, '-p', str(self.port), '-t', transport, '-m', '1',
                '-mp', str(self.port + 2), '-nostdin', '-timeout',
                str(timeout), '-timeout_error', '-trace_msg', '-message_file',
                self.messages, '-trace_err', '-error_file',
                os.path.join(d, 'errors'), '-fd', '1']
        argv += list(extra)
        if remote:
            argv.append(remote)
        super().__init__(name or 'sipp ' + scenario, argv, cwd=d,
                         logs=[os.path.join(d, 'errors'), self.messages])
        if remote is None:
            self._wait_port()

    def _wait_port(self):
        """sipp says nothing when it listens; the kernel's table does.  (To
        try the port would take it away in the wrong moment.)"""
        tcp = self.argv[self.argv.index('-t') + 1][0] == 't'
        end = time.monotonic() + PATIENCE
        while not _listens(self.port, tcp):
            if self.p.poll() is not None:
                raise Failed('%s did not start' % self.name)
            if time.monotonic() > end:
                raise Failed('%s does not listen' % self.name)
            with self.cond:
                self.cond.wait(0.01)

    def uri(self, user='phone'):
        return 'sip:%s@%s:%d' % (user, HOST, self.port)

    def request(self, method):
        """Headers of the first such request that came: name -> values."""
        m = re.search(r'message received[^\n]*\n\n(%s .*?)(?:\n\n|\Z)' %
                      method, self.wire().replace('\r', ''), re.S)
        check(m, '%s: a %s came' % (self.name, method))
        out = {}
        for line in m.group(1).split('\n')[1:]:
            name, _, value = line.partition(':')
            out.setdefault(name.strip().lower(), []).append(value.strip())
        return out

    def done(self, patience=None):
        equal(self.wait_exit(patience), 0, self.name + ' exit code')

    def wire(self):
        with open(self.messages, encoding='utf-8', errors='replace') as f:
            return f.read()


# ---- rows -----------------------------------------------------------------

def main(title, rows, programs=()):
    global BINARY
    args = [a for a in sys.argv[1:] if not a.startswith('-')]
    if not args:
        sys.exit('usage: %s CORDPAIR [ROW...]' % sys.argv[0])
    BINARY = os.path.abspath(args[0])
    need(BINARY, *programs)
    only = args[1:]
    bad = 0
    rows = [r for r in rows if not only or any(o in r[0] for o in only)]
    if not rows:
        sys.exit('no such row')
    print('# %s: %d rows' % (title, len(rows)), flush=True)
    for n, (name, fn) in enumerate(rows, 1):
        BORN.clear()
        began = time.monotonic()
        why = None
        try:
            fn()
        except Failed as e:
            why = str(e)
        except Exception:                      # a fault of the test itself
            why = traceback.format_exc()
        took = time.monotonic() - began
        print('%s %d - %s (%.1f s)' % ('not ok' if why else 'ok', n, name,
                                       took), flush=True)
        if why:
            bad += 1
            for line in why.splitlines():
                print('  # ' + line)
            for p in BORN:
                p.show()
            sys.stdout.flush()
        for p in list(LIVE):
            if not getattr(p, 'shared', False):
                p.stop()
    print('1..%d' % len(rows))
    if bad:
        print('# %d of %d rows of %s do not hold' % (bad, len(rows), title))
    sys.exit(1 if bad else 0)


def _told(signum, frame):
    sys.exit(1)        # and so through _end()


signal.signal(signal.SIGTERM, _told)
signal.signal(signal.SIGHUP, _told)


@atexit.register
def _end():
    for p in list(LIVE):
        p.stop()
    if not os.environ.get('PEERS_KEEP'):
        shutil.rmtree(TMP, ignore_errors=True)
