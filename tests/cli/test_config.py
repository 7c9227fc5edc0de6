#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A wrong configuration is named by file and line; a good one is silent."""

import os
import unittest

import cli

GOOD = '''# all kinds of lines
set transfer_timeout 120   # seconds
set hold_warn 60
account sip:100@pbx.example name="The desk" regint=0 transport=tcp

bind F5 "dial sip:204@pbx.example"
'''

# (lines, number of the wrong one, words of the complaint)
BAD = [
    ('frobnicate 1\n', 1, ['frobnicate']),
    ('# one\n\nset frob 1\n', 3, ['frob']),
    ('set transfer_timeout soon\n', 1, ['soon']),
    ('set transfer_timeout 1\n', 1, ['60']),
    ('set transfer_timeout\n', 1, ['transfer_timeout']),
    ('set\n', 1, ['set']),
    ('set tls_verify perhaps\n', 1, ['perhaps']),
    ('set tls_ca "ca.pem\n', 1, ['quot']),
    ('account sip:a@b.example frob=1\n', 1, ['frob']),
    ('account nobody\n', 1, ['nobody']),
    ('account sip:a@b.example regint=-1\n', 1, ['regint']),
    ('account\n', 1, ['account']),
    ('source none.conf\n', 1, ['none.conf']),
    ('bind\n', 1, ['bind']),
    ('set hold_warn 60\nset \0 1\n', 2, []),
    ('set tls_ca ' + 'x' * 70000 + '\n', 1, []),
]


class Config(cli.Case):
    def test_good(self):
        for name in ('unix', 'dos'):
            text = GOOD if name == 'unix' else GOOD.replace('\n', '\r\n')
            done = self.run_it('check-config', self.file(name, text))
            self.assertEqual((0, ''), (done.code, done.err), str(done))

    def test_without_a_file_all_is_well(self):
        done = self.run_it('check-config')
        self.assertEqual((0, ''), (done.code, done.err), str(done))

    def test_default_file(self):
        (self.home / 'cordpair').mkdir()
        self.file('cordpair/config', 'frobnicate\n')
        for verb in (['check-config'], ['--plain', *cli.LOCAL]):
            with self.subTest(verb=verb):
                done = self.run_it(*verb)
                self.assertEqual(2, done.code, str(done))
                self.assertIn('cordpair/config:1: ', done.out + done.err)

    def test_each_mistake(self):
        for text, line, words in BAD:
            with self.subTest(text=text[:40]):
                name = self.file('bad.conf', text)
                done = self.run_it('check-config', name)
                self.assertEqual(2, done.code, str(done))
                told = (done.out + done.err).splitlines()
                self.assertEqual(1, len(told), str(done)[:500])
                self.assertTrue(told[0].startswith(f'{name}:{line}: '),
                                str(done)[:500])
                for word in words:
                    self.assertIn(word, told[0])
                self.assertTrue(told[0].isprintable())
                self.assertLess(len(told[0]), 1000)

    def test_all_mistakes_are_told_at_once(self):
        name = self.file('bad.conf', 'one\nset hold_warn 60\nthree\n')
        done = self.run_it('check-config', name)
        self.assertEqual(2, done.code)
        told = (done.out + done.err).splitlines()
        self.assertEqual([f'{name}:1', f'{name}:3'],
                         [line.split(': ')[0] for line in told])

    def test_console_does_not_start_on_it(self):
        name = self.file('bad.conf', 'frobnicate\n')
        for verb in (['--plain'], ['call', 'sip:a@127.0.0.1:9'], ['bank']):
            with self.subTest(verb=verb):
                self.refuses('--config', name, *verb, *cli.LOCAL,
                             words=[f'{name}:1: ', 'frobnicate'])

    def test_missing(self):
        for verb in (['check-config', 'none.conf'],
                     ['--config', 'none.conf', '--plain'],
                     ['--config', 'none.conf', 'check-config']):
            with self.subTest(verb=verb):
                self.refuses(*verb, words=['none.conf'])

    def test_directory(self):
        self.refuses('check-config', str(self.home),
                     words=[str(self.home)])

    @unittest.skipIf(os.geteuid() == 0 and not cli.shutil.which('setpriv'),
                     'root may read everything, and there is no setpriv')
    def test_no_permission(self):
        name = self.file('mine.conf', GOOD, mode=0)
        if os.geteuid() != 0:
            self.refuses('check-config', name, words=['mine.conf'])
            return
        # one that somebody else may run, wherever the tree is
        self.home.chmod(0o755)
        program = cli.shutil.copy(cli.PROGRAM, self.home / 'program')
        result = cli.subprocess.run(
            ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups',
             program, 'check-config', name], capture_output=True,
            text=True, env=cli.surroundings(self.home), check=False)
        done = cli.Done(result.returncode, result.stdout, result.stderr)
        self.assertEqual(2, done.code, str(done))
        self.one_line(done, 'mine.conf', 'ermi')

    def test_file_that_sources_itself(self):
        name = self.file('loop.conf', 'source loop.conf\n')
        done = self.run_it('check-config', name)
        self.assertEqual(2, done.code, str(done))
        self.assertIn('loop.conf:1: ', done.out + done.err)

    def test_password_file_of_others_is_refused(self):
        secret = self.file('secret', 'geheim17\n', mode=0o644)
        name = self.file('one.conf',
                         f'account sip:a@b.example password_file={secret}\n')
        done = self.run_it('check-config', name)
        self.assertEqual(2, done.code, str(done))
        told = done.out + done.err
        self.assertIn(f'{name}:1: ', told)
        self.assertIn(secret, told)
        self.assertNotIn('geheim17', told)

    def test_password_file_that_is_missing(self):
        name = self.file('one.conf',
                         'account sip:a@b.example password_file=none.pw\n')
        done = self.run_it('check-config', name)
        self.assertEqual(2, done.code, str(done))
        self.assertIn('none.pw', done.out + done.err)

    def test_sourced_file_is_named(self):
        self.file('inner.conf', '\nfrobnicate\n')
        name = self.file('outer.conf', 'source inner.conf\n')
        done = self.run_it('check-config', name)
        self.assertEqual(2, done.code, str(done))
        self.assertIn('inner.conf:2: ', done.out + done.err)


if __name__ == '__main__':
    cli.main()
