#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""test_check_layers.py CHECKER: does it find what is planted?"""

import pathlib
import subprocess
import sys
import tempfile
import unittest

CHECKER = sys.argv[1]

# (the file that includes, what it includes, is that allowed?)
CASES = [
    ('base/a.c', '"base/b.h"', True),
    ('base/a.c', '"app/b.h"', False),
    ('base/a.c', '"sip/b.h"', False),
    ('base/a.h', '"app/b.h"', False),
    ('base/a.c', '<pthread.h>', True),
    ('base/a.c', '<re.h>', False),
    ('base/a.c', '<jansson.h>', False),
    ('base/a.c', '<openssl/evp.h>', False),
    ('app/a.c', '"base/b.h"', True),
    ('app/a.c', '"ui/b.h"', False),
    ('app/a.c', '"sip/b.h"', False),
    ('app/a.c', '"media/b.h"', False),
    ('app/a.c', '<pthread.h>', False),
    ('app/a.c', '<re.h>', False),
    ('app/a.c', '<ncurses.h>', False),
    ('app/a.c', '<jansson.h>', True),
    ('app/a.c', '<pcap/pcap.h>', True),
    ('ui/a.c', '"app/b.h"', True),
    ('ui/a.c', '"sip/b.h"', False),
    ('ui/a.c', '<ncurses.h>', False),
    ('ui/a.c', '<curses.h>', False),
    ('ui/term.c', '<ncurses.h>', True),
    ('ui/term.c', '<readline/readline.h>', False),
    ('ui/prompt.c', '<readline/readline.h>', True),
    ('media/a.c', '"sip/recompat.h"', True),
    ('media/a.c', '"sip/b.h"', False),
    ('media/a.c', '"app/b.h"', False),
    ('media/a.c', '<re.h>', False),
    ('media/a.c', '<pthread.h>', False),
    ('media/dev_alsa.c', '<pthread.h>', True),
    ('sip/a.c', '"media/b.h"', True),
    ('sip/a.c', '"app/b.h"', False),
    ('sip/a.c', '"ui/b.h"', False),
    ('sip/a.c', '<re.h>', False),
    ('sip/a.c', '<re_sip.h>', False),
    ('sip/recompat.h', '<re.h>', True),
    ('sip/a.c', '<pthread.h>', False),
    ('sip/engine.c', '<pthread.h>', True),
    ('sip/refer_sync.c', '<pthread.h>', True),
    ('sip/a.c', '<openssl/evp.h>', True),
    ('main.c', '"ui/b.h"', True),
    ('main.c', '"sip/b.h"', True),
    ('main.c', '<ncurses.h>', False),
    ('sip/a.c', '"b.h"', False),
    ('sip/a.c', '"../app/b.h"', False),
    ('sip/a.c', '"sip/none.h"', False),
    ('sip/a.c', '<stdio.h>', True),
]


class Layers(unittest.TestCase):
    def check(self, tree):
        return subprocess.run([sys.executable, CHECKER, tree], text=True,
                              capture_output=True, check=False)

    def plant(self, tree, file, include):
        for folder in ('base', 'app', 'ui', 'media', 'sip'):
            (tree / folder).mkdir()
            (tree / folder / 'b.h').touch()
        (tree / 'sip/recompat.h').touch()
        (tree / file).write_text(f'/* one */\n#  include {include}\n')

    def test_each_rule(self):
        for file, include, allowed in CASES:
            with self.subTest(file=file, include=include), \
                    tempfile.TemporaryDirectory() as name:
                tree = pathlib.Path(name)
                self.plant(tree, file, include)
                result = self.check(tree)
                if allowed:
                    self.assertEqual((0, ''),
                                     (result.returncode, result.stdout))
                else:
                    self.assertEqual(1, result.returncode)
                    self.assertTrue(result.stdout.startswith(f'{file}:2: '),
                                    result.stdout)

    def test_a_header_in_a_comment_is_none(self):
        with tempfile.TemporaryDirectory() as name:
            tree = pathlib.Path(name)
            self.plant(tree, 'base/a.c', '"base/b.h"')
            (tree / 'base/a.c').write_text('/* #include "sip/b.h" */\n')
            self.assertEqual(0, self.check(tree).returncode)


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1])
