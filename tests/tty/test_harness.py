#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The harness says no: what is not as expected ends with 1 and shows why.

Arguments: the harness, the small program it is tried on.
"""

import os
import pathlib
import subprocess
import sys
import tempfile

PLAY, SELFTEST = map(os.path.abspath, sys.argv[1:3])

START = 'size 6 40\nenv UI_TEST=1\nspawn {selftest}\nexpect 6 x 40\nsync\n'

# name, scenario behind START, exit status, what is told
CASES = (
    ('a text that is not there', 'expect nobody', 1,
     ['"nobody" is not on the screen', '  0 |6 x 40', '  2 |  red back both',
      'cursor 2 0, title "sync 1"']),
    ('a text that stays', 'gone back', 1, ['"back" is still on the screen']),
    ('another place', 'at 0 0 7 x 40', 1,
     ['at 0 0 stands "6 x 40", not "7 x 40"']),
    ('not empty', 'at 0 2 ""', 1, ['at 0 2 stands "x 40", not ""']),
    ('another style', 'style 2 2 bold fg=2', 1,
     ['at 2 2 the style is "bold fg=1", not "bold fg=2"']),
    ('part of another style', 'styleof "red " bold fg=1', 1,
     ['the style is "plain"']),
    ('another cursor', 'cursor 0 0', 1, ['the cursor is at 2 0, not 0 0']),
    ('a cursor that is seen', 'cursor hidden', 1, ['not hidden']),
    ('another title', 'title other', 1,
     ['the title is "sync 1", not "other"']),
    ('another mode', 'mode 2004 off', 1, ['mode 2004 is on']),
    ('another bell', 'keys b\nsync\nbells 0', 1, ['the bell rang 1 times']),
    ('too many bytes', 'mark\nkeys x\nsync\nbytes 10', 1,
     ['bytes were written, more than 10']),
    ('another exit status', 'keys q\nexit 0', 1,
     ['it ended with 3, not 0']),
    ('no end', 'exit 3 50', 1, ['the program has not ended']),
    ('nothing restored', 'keys r\nexit 3\nrestored', 1,
     ['mode ?1049 is still on']),
    ('nothing set back', 'spawn stty -echo\nexit 0\nrestored', 1,
     ['c_lflag']),
    ('out of step', 'env UI_TEST=\nspawn cat\nsync', 1,
     ['does not come in step']),
    ('in step with the dead', 'keys q\nexit 3\nsync', 1,
     ['the program has ended']),
    ('a helper that is silent', 'start h true', 1,
     ['h has printed no line']),
    ('a helper that says something else',
     "start h sh -c 'echo one; cat'\ntold h two", 1,
     ['h has not said "two"', '-- h said:', 'one']),
    ('another screen', 'snap GOLDEN', 1,
     ['  1 -|7 x 40', '    +|6 x 40', 'golden.actual']),
    ('no golden', 'snap nowhere', 1, ['nowhere: No such file']),
    ('no such command', 'frobnicate', 2, ["no command 'frobnicate'"]),
    ('no such key', 'keys <Entre>', 2, ["no such key: '<Entre>'"]),
    ('no such program', 'spawn /nowhere\nexit 127\nexpect 6 x', 1,
     ['/nowhere: not found']),
)


def play(folder, text, **more):
    scenario = folder / 'case.tty'
    scenario.write_text(START + text + '\n', encoding='utf-8')
    env = dict(os.environ, TTY_PATIENCE='300', **more)
    return subprocess.run([PLAY, 'selftest=' + SELFTEST, str(scenario)],
                          cwd=folder, env=env, text=True, timeout=50,
                          stderr=subprocess.PIPE, check=False)


def check(folder, name, text, status, told):
    done = play(folder, text)
    wrong = [t for t in told if t not in done.stderr]
    if done.returncode == status and not wrong and \
            (f':{5 + text.count(chr(10)) + 1}: ' in done.stderr):
        return True
    print(f'# {name}: status {done.returncode}, missing {wrong}, told:')
    print('# ' + done.stderr.replace('\n', '\n# '))
    return False


def check_update(folder):
    """UPDATE_GOLDEN=1 writes what then is found to be the same."""
    return play(folder, 'snap fresh', UPDATE_GOLDEN='1').returncode == 0 and \
        play(folder, 'snap fresh').returncode == 0


def main():
    failed = 0
    print(f'1..{len(CASES) + 1}')
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / 'golden').write_text('|7 x 40\n', encoding='utf-8')
        for number, case in enumerate(CASES, 1):
            title, text, status, told = case
            good = check(folder, title, text.replace('GOLDEN', 'golden'),
                         status, told)
            failed += not good
            print('ok' if good else 'not ok', number, title)
        good = check_update(folder)
        failed += not good
        print('ok' if good else 'not ok', len(CASES) + 1, 'update')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
