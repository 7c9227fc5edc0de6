#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random keys, clicks, pastes and sizes for the console while calls and SIP
messages rain on it: it stays alive, keeps up, and leaves cleanly.

    storm.py CORDPAIR SECONDS [SEED]

The same seed types the same.  What a sanitizer finds is shown.
"""

import fcntl
import os
import pathlib
import random
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import time

CORDPAIR = os.path.abspath(sys.argv[1])
SECONDS = float(sys.argv[2])
SEED = int(sys.argv[3]) if len(sys.argv) > 3 else 1
PATIENCE = 20

# what a user may press; C-c and C-q leave, and it is started again
# (not C-\\: in the moment between the console and the shell it kills)
KEYS = ([bytes([c]) for c in range(1, 127) if c != 0x1c] +
        [b'\x1b', b'\r', b'\t', b'\x7f'] * 3 +
        [b'\x1b' + bytes([c]) for c in b'axct1bdf\x7f'] +
        [b'\x1b[' + s for s in (b'A', b'B', b'C', b'D', b'H', b'F', b'5~',
                                b'6~', b'3~', b'Z', b'I', b'O', b'1;5C')] * 3 +
        [b'\x1bO' + s for s in (b'P', b'Q', b'R', b'S')] * 3 +
        [b'\x1b[%d~' % n for n in (15, 17, 18, 19, 20, 21, 23, 24)] * 2 +
        ['é'.encode(), '日本'.encode(), 'ö'.encode(), b'\xff', b'\xc3'] +
        [b':dial answer\r', b'danswer\r', b't', b'tbusy\r', b'tslow\r',
         b'Techo\r', b'c', b's', b'u', b':set ascii on\r',
         b':set ascii off\r', b':theme night\r', b':set keys vim\r',
         b':set keys default\r', b'l', b'g', b'L', b'?', b'\x10'] * 2)


def message(method, n, at, user, to, body=b''):
    """One of ours: call n, from a phone that does not care for answers."""
    branch = b'z9hG4bKs%d' % n  # CANCEL has that of its INVITE
    return b'\r\n'.join((
        b'%s sip:me@%s SIP/2.0' % (method, to),
        b'Via: SIP/2.0/UDP %s;branch=%s' % (at, branch),
        b'Max-Forwards: 70', b'From: "%s" <sip:x@%s>;tag=%d' % (user, at, n),
        b'To: <sip:me@%s>' % to, b'Call-ID: storm-%d' % n,
        b'CSeq: 1 ' + method, b'Contact: <sip:x@%s>' % at,
        b'Content-Length: %d' % len(body), b'', b'')) + body


class Storm:
    def __init__(self, home):
        self.home = home
        self.dice = random.Random(SEED)
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(('127.0.0.1', 0))
        self.at = b'127.0.0.1:%d' % self.sock.getsockname()[1]
        self.sent = self.keys = self.started = self.out = 0
        self.tail = b''
        self.continued = 0.0
        self.env = {
            'PATH': os.environ['PATH'], 'HOME': home, 'LC_ALL': 'C.UTF-8',
            'TERM': 'xterm-256color', 'UI_TEST': '1', 'TZ': 'UTC',
            'ASAN_OPTIONS': f'exitcode=99:log_path={home}/san',
            'UBSAN_OPTIONS': f'halt_on_error=1:exitcode=98:print_stacktrace=1'
                             f':log_path={home}/san'}
        self.bank = subprocess.Popen(
            [CORDPAIR, 'bank', '--json', '--listen', 'udp:127.0.0.1:0'],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=self.env)
        hello = self.bank.stdout.readline().decode()
        self.bank_at = re.search(r'"udp:([^"]*)"', hello).group(1)
        self.console = None
        self.fd = -1

    def start(self):
        """The console on a pty, on a port that was free."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(('127.0.0.1', 0))
            self.port = probe.getsockname()[1]
        self.fd, slave = os.openpty()
        self.size(24, 80)
        self.console = subprocess.Popen(
            [CORDPAIR, '--listen', f'udp:127.0.0.1:{self.port}',
             '--account', f'sip:me@{self.bank_at};regint=300'],
            stdin=slave, stdout=slave, stderr=slave, env=self.env,
            cwd=self.home, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(slave)
        self.started += 1
        self.tail = b''
        # until then C-c is not its own
        deadline = time.monotonic() + PATIENCE
        while b'\x1b[?1049h' not in self.tail:
            if time.monotonic() > deadline or not self.drain(0.05):
                self.fail('it does not start')

    def size(self, rows, cols):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ,
                    struct.pack('HHHH', rows, cols, 0, 0))

    def drain(self, wait=0.0):
        """What it says, and what SIP answers; False: it has ended."""
        ready = select.select([self.fd, self.sock, self.bank.stdout], [], [],
                              wait)[0]
        if self.sock in ready:
            self.sock.recv(65536)
        if self.bank.stdout in ready:
            os.read(self.bank.stdout.fileno(), 65536)
        if self.fd not in ready:
            return True
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            data = b''
        self.out += len(data)
        self.tail = (self.tail + data)[-100000:]
        return bool(data)

    def go_on(self):
        """C-z is among the keys; now and then, for it draws all anew."""
        if time.monotonic() > self.continued + 0.5:
            self.continued = time.monotonic()
            self.console.send_signal(signal.SIGCONT)

    def type(self, data):
        """False: it has ended meanwhile."""
        deadline = time.monotonic() + PATIENCE
        while data:
            _, ready, _ = select.select([], [self.fd], [], 0.01)
            if not ready:
                self.go_on()
            if time.monotonic() > deadline:
                self.fail('it does not read')
            try:
                if ready:
                    data = data[os.write(self.fd, data[:512]):]
            except OSError:
                return False
            if not self.drain():
                return False
        return True

    def rain(self):
        """Calls that ring, some given up again, and messages about nothing."""
        to = b'127.0.0.1:%d' % self.port
        for _ in range(self.dice.randrange(30)):
            self.sent += 1
            method = b'OPTIONS'
            if self.sent % 40 == 0:
                method = b'INVITE'
            name = self.dice.choice((b'Dana', b'\xe2\x80\xaeevil', b''))
            self.sock.sendto(message(method, self.sent, self.at, name, to),
                             ('127.0.0.1', self.port))
            if method == b'INVITE' and self.dice.random() < 0.8:
                self.sock.sendto(
                    message(b'CANCEL', self.sent, self.at, name, to),
                    ('127.0.0.1', self.port))

    def press(self):
        kind = self.dice.random()
        if kind < 0.02:
            return b'\x1b[200~' + self.dice.randbytes(
                self.dice.randrange(3000)).replace(b'\x1c', b'') + b'\x1b[201~'
        if kind < 0.1:
            return b'\x1b[<%d;%d;%d%c' % (
                self.dice.choice((0, 0, 0, 1, 2, 64, 65)),
                self.dice.randrange(1, 130), self.dice.randrange(1, 50),
                self.dice.choice(b'Mm'))
        return self.dice.choice(KEYS)

    def turn(self):
        """Some of everything; False: it has ended."""
        if self.dice.random() < 0.1:
            self.size(self.dice.choice((1, 2, 14, 15, 24, 40, 90)),
                      self.dice.choice((1, 2, 59, 60, 80, 110, 190, 300)))
            self.go_on()
        self.rain()
        keys = b''.join(self.press() for _ in range(self.dice.randrange(9)))
        self.keys += len(keys)
        return self.type(keys) and self.drain()

    def ended(self, wanted):
        """Reap it; what it should not have done is told."""
        deadline = time.monotonic() + PATIENCE
        while self.console.poll() is None:
            if time.monotonic() > deadline:
                self.fail('it does not end')
            self.go_on()
            self.drain(0.05)
        os.close(self.fd)
        if self.console.returncode not in wanted:
            self.fail(f'it ended with {self.console.returncode}')

    def in_step(self):
        """All that was typed is on the screen."""
        deadline = time.monotonic() + PATIENCE
        self.size(24, 80)
        self.go_on()
        # a paste that was cut short ends here
        if not self.type(b'\x1b[201~\x1b[990;77~'):
            return False
        while b'sync 77' not in self.tail:
            if time.monotonic() > deadline:
                self.fail('it does not come in step')
            self.go_on()
            if not self.drain(0.05):
                return False
        return True

    def fail(self, why):
        print(f'not ok - seed {SEED}: {why}')
        for path in sorted(pathlib.Path(self.home).glob('san.*')):
            print(path.read_text(errors='replace'))
        print(repr(self.tail[-2000:]))
        self.end()
        sys.exit(1)

    def end(self):
        for program in (self.console, self.bank):
            if program and program.poll() is None:
                program.kill()

    def run(self):
        deadline = time.monotonic() + SECONDS
        self.start()
        while time.monotonic() < deadline:
            if not self.turn():
                self.ended((0,))
                self.start()
        if self.in_step():
            self.console.send_signal(signal.SIGTERM)
        self.ended((0,))
        if list(pathlib.Path(self.home).glob('san.*')):
            self.fail('a sanitizer has found something')
        self.bank.terminate()
        _ = self.bank.communicate(timeout=PATIENCE)
        if self.bank.returncode:
            self.fail('the bank ended with an error')
        print(f'ok - seed {SEED}: {self.keys} bytes of keys, {self.sent} SIP '
              f'messages, {self.out} bytes of screen, started '
              f'{self.started} times')


if __name__ == '__main__':
    print('1..1', flush=True)
    with tempfile.TemporaryDirectory() as folder:
        storm = Storm(folder)
        try:
            storm.run()
        finally:
            storm.end()
