#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""`demo` without a terminal: the scripted tour."""

import re

import cli


class Demo(cli.Case):
    def test_tour(self):
        done = self.run_it('demo', patience=90)
        self.assertEqual(0, done.code, str(done))
        self.assertEqual('', done.err)
        for line in done.out_lines:
            self.assertTrue(line.isprintable(), repr(line))
        outcomes = re.findall(r'(?i)\boutcome: ([\w-]+)', done.out)
        self.assertEqual(['succeeded', 'failed', 'succeeded'], outcomes,
                         done.out)
        for word in ('slow', 'busy', '486', 'hold', 'ring'):
            self.assertIn(word, done.out)

    def test_tour_by_dumb_terminal_and_nothing_at_hand(self):
        """No home, no stdin: still nothing to configure."""
        result = cli.subprocess.run(
            [cli.PROGRAM, 'demo'], stdin=cli.subprocess.DEVNULL,
            capture_output=True, text=True, timeout=90, cwd='/',
            env={'PATH': '/usr/bin:/bin'}, check=False)
        self.assertEqual(0, result.returncode, result)

    def test_signal(self):
        program = self.start('demo')
        program.wait('line', lambda: program.lines)
        program.signal(cli.signal.SIGTERM)
        done = program.end(patience=4)
        self.assertGreaterEqual(done.code, 0, str(done))

    def test_two_demos_at_once(self):
        demos = [self.start('demo'), self.start('demo')]
        for demo in demos:
            self.assertEqual(0, demo.end(patience=90).code, demo.told())


if __name__ == '__main__':
    cli.main()
