#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""`run`: scripts of command lines, which print TAP."""

import re

import cli


class Run(cli.Case):
    def run_script(self, script, *args, stdin=False):
        if stdin:
            return self.run_it('run', *cli.LOCAL, *args, '-', stdin=script)
        return self.run_it('run', *cli.LOCAL, *args,
                           self.file('script', script))

    def tap(self, done):
        """The results, after the form of the TAP was checked."""
        results = []
        plan = None
        for line in done.out_lines:
            match = re.match(r'(not )?ok (\d+)', line)
            if match:
                results.append(match.group(1) is None)
                self.assertEqual(len(results), int(match.group(2)), done.out)
            elif re.match(r'1\.\.\d+', line):
                self.assertIsNone(plan, done.out)
                plan = int(line.split('..')[1].split()[0])
            else:
                self.assertRegex(line, r'^(#|TAP version|Bail out!|\s*$)')
        self.assertEqual(plan, len(results), str(done))
        return results

    def test_expectations_that_hold(self):
        bank = self.bank()
        script = (f'dial {bank.uri("answer")}\n'
                  '# comments are nothing\n'
                  'wait call state=talking 10\n'
                  'expect call state=talking dir=out\n'
                  'hold\n'
                  'wait call state=held 10\n'
                  'expect call state=held\n'
                  f'transfer {bank.uri("busy")}\n'
                  'wait transfer outcome=failed 10\n'
                  'expect transfer outcome=failed code=486\n'
                  'hangup\n'
                  'wait call state=ended 10\n')
        for stdin in (False, True):
            with self.subTest(stdin=stdin):
                done = self.run_script(script, stdin=stdin)
                self.assertEqual(0, done.code, str(done))
                results = self.tap(done)
                self.assertGreaterEqual(len(results), 3)
                self.assertNotIn(False, results)

    def test_expectation_that_does_not_hold(self):
        bank = self.bank()
        done = self.run_script(f'dial {bank.uri("busy")}\n'
                               'wait call state=ended 10\n'
                               'expect call code=486\n'
                               'expect call code=200\n')
        self.assertEqual(1, done.code, str(done))
        results = self.tap(done)
        self.assertEqual([True, False], results[-2:])
        self.assertIn('486', done.out)

    def test_wait_in_vain(self):
        done = self.run_script('wait call state=talking 1\n')
        self.assertEqual(1, done.code, str(done))
        self.assertIn(False, self.tap(done))

    def test_sleep(self):
        begin = cli.time.monotonic()
        done = self.run_script('sleep 1\n')
        self.assertEqual(0, done.code, str(done))
        self.assertGreaterEqual(cli.time.monotonic() - begin, 1)

    def test_line_that_is_wrong(self):
        for line in ('frobnicate', 'expect', 'expect call', 'wait',
                     'wait nothing', 'expect call frob=1', 'sleep',
                     'sleep long', 'expect call state', 'dial "a'):
            with self.subTest(line=line):
                done = self.run_script(f'sleep 0\n{line}\n')
                self.assertIn(done.code, (1, 2), str(done))
                self.assertRegex(done.out + done.err, r'script:2\b')

    def test_command_that_is_refused(self):
        done = self.run_script('hangup 99\nexpect reply ok=false\n')
        self.assertEqual(0, done.code, str(done))
        self.assertEqual([True], self.tap(done))

    def test_json(self):
        bank = self.bank()
        done = self.run_script(f'dial {bank.uri("busy")}\n'
                               'wait call state=ended 10\n'
                               'expect call code=486\n', '--json')
        self.assertEqual(0, done.code, str(done))
        cli.check_events(line for line in done.out_lines
                         if line.startswith('{'))


if __name__ == '__main__':
    cli.main()
