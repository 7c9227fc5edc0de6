#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo in tmux, with the TERM tmux gives: it shows itself, takes keys and
a new size, and leaves the screen as it was.

Argument: the program.  Skipped where there is no tmux.
"""

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time

CORDPAIR = os.path.abspath(sys.argv[1])
PATIENCE = 20


class Tmux:
    def __init__(self, folder):
        # a socket of its own, whatever the user's server does
        self.socket = os.path.join(folder, 'tmux')
        self.env = {'PATH': os.environ['PATH'], 'HOME': folder,
                    'LC_ALL': 'C.UTF-8', 'TERM': 'xterm-256color'}

    def __call__(self, *args):
        return subprocess.run(['tmux', '-S', self.socket, '-f', '/dev/null',
                               *args], env=self.env, check=True, text=True,
                              stdout=subprocess.PIPE).stdout

    def screen(self):
        return self('capture-pane', '-p')

    def expect(self, *texts):
        deadline = time.monotonic() + PATIENCE
        while not all(text in self.screen() for text in texts):
            if time.monotonic() > deadline:
                raise AssertionError(f'{texts} not in\n' + self.screen())
            time.sleep(0.02)  # tmux cannot be waited for


def play(tmux):
    shell = 'echo before; "$0" demo; echo "ended: $?, $TERM"; read x'
    tmux('new-session', '-d', '-x', '80', '-y', '24',
         f'sh -c {shlex.quote(shell)} {shlex.quote(CORDPAIR)}')
    tmux.expect('cordpair', '─ Directory', '│─ Transfers')
    # somebody calls by himself; he is answered and sent on
    tmux.expect('♪ RING ←')
    tmux('send-keys', 'F2')
    tmux.expect('► TALK ←')
    tmux('send-keys', 't')
    tmux('send-keys', '-l', 'alan')
    tmux.expect('Alan Reyes', 'transfer 1')
    tmux('send-keys', 'Enter')
    tmux.expect('◐ 180')
    tmux('resize-window', '-x', '120', '-y', '40')
    tmux.expect('─ SIP trace', '◐ 180')
    tmux('send-keys', 'u')
    tmux.expect('► TALK ←')
    tmux('send-keys', 'C-q')
    tmux.expect('leave? y/n')
    tmux('send-keys', 'y')
    tmux.expect('before', 'ended: 0')
    assert 'cordpair  ' not in tmux.screen(), tmux.screen()


def main():
    if not shutil.which('tmux'):
        print('1..0 # SKIP tmux is not installed')
        return 0
    print('1..1')
    with tempfile.TemporaryDirectory() as folder:
        tmux = Tmux(folder)
        try:
            play(tmux)
        except AssertionError as e:
            print('not ok - tmux\n# ' + str(e).replace('\n', '\n# '))
            return 1
        finally:
            subprocess.run(['tmux', '-S', tmux.socket, 'kill-server'],
                           check=False)
    print('ok - tmux')
    return 0


if __name__ == '__main__':
    sys.exit(main())
