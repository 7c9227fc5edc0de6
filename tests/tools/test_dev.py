#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""test_dev.py DEV: does ./dev say and install what it should?

apt-get and its kin are replaced by scripts that write down how they were
called; nothing is installed.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

DEV = pathlib.Path(sys.argv[1]).resolve()
VERBS = ['demo', 'build', 'test', 'bench', 'sanitize', 'fuzz', 'format',
         'install', 'help']


class Dev(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.home = pathlib.Path(temporary.name)
        self.bin = self.home / 'bin'
        self.bin.mkdir()
        self.calls = self.home / 'calls'
        self.calls.touch()
        for tool in ('sh', 'dirname', 'cat', 'awk', 'grep', 'sed', 'mktemp',
                     'rm', 'env', 'mkdir', 'basename', 'printf',
                     'python3'):
            self.bin.joinpath(tool).symlink_to(shutil.which(tool))
        self.fake('dpkg-query', 'exit 1')
        self.fake('apt-get', f'echo "apt-get $*" >>{self.calls}')
        self.fake('apt-cache', 'echo "  Candidate: 1.0"')
        self.fake('sudo', f'echo "sudo $1" >>{self.calls}; exec "$@"')
        self.fake('id', 'echo 1000')
        self.fake('systemctl', f'echo "systemctl $*" >>{self.calls}')
        # where it stops after the packages
        self.fake('meson', f'echo "meson $*" >>{self.calls}; exit 9')

    def fake(self, name, script):
        path = self.bin / name
        path.unlink(missing_ok=True)
        path.write_text(f'#!/bin/sh\n{script}\n')
        path.chmod(0o755)

    def dev(self, *args):
        # a copy of the script alone: it must not touch the real build
        copy = self.home / 'tree'
        copy.mkdir(exist_ok=True)
        shutil.copy(DEV, copy / 'dev')
        env = dict(os.environ, PATH=str(self.bin))
        return subprocess.run([copy / 'dev', *args], env=env, text=True,
                              capture_output=True, timeout=30, check=False)

    def called(self):
        return self.calls.read_text()

    def test_help_names_every_verb(self):
        result = self.dev('help')
        self.assertEqual(0, result.returncode)
        for verb in VERBS:
            self.assertRegex(result.stdout, rf'(?m)^  {verb}\b')
        self.assertEqual(result.stdout, self.dev().stdout)

    def test_unknown_verb(self):
        result = self.dev('frobnicate')
        self.assertEqual(2, result.returncode)
        self.assertEqual('', result.stdout)
        self.assertRegex(result.stderr, r'^dev: .*frobnicate.*\n$')

    def test_no_install_prints_the_command_and_installs_nothing(self):
        for args in (['build', '--no-install'], ['--no-install', 'build']):
            with self.subTest(args=args):
                result = self.dev(*args)
                self.assertEqual(1, result.returncode)
                self.assertRegex(
                    result.stderr,
                    r'(?m)^sudo apt-get update && sudo apt-get install -y'
                    r' --no-install-recommends gcc .*libre-dev')
                self.assertEqual('', self.called())

    def test_only_the_groups_of_the_verb(self):
        for verb, has, has_not in (
                ('demo', 'libre-dev', 'libcmocka-dev'),
                ('build', 'libre-dev', 'libcmocka-dev'),
                ('bench', 'libcmocka-dev', 'kamailio'),
                ('test', 'kamailio', 'libclang-rt-dev'),
                ('format', 'clang-format-14', 'gcc')):
            with self.subTest(verb=verb):
                self.calls.write_text('')
                self.dev(verb)
                line = re.search('(?m)^apt-get install.*', self.called())
                words = line.group().split()
                self.assertIn(has, words)
                self.assertNotIn(has_not, words)
                self.assertIn('-y', words)
                self.assertIn('--no-install-recommends', words)

    def test_says_what_it_installs_and_uses_sudo(self):
        result = self.dev('build')
        self.assertIn('dev: installing gcc ', result.stderr)
        self.assertIn('sudo env\napt-get install', self.called())
        self.assertIn('apt-get update', self.called())

    def test_root_needs_no_sudo(self):
        self.fake('id', 'echo 0')
        self.dev('build')
        self.assertIn('apt-get install', self.called())
        self.assertNotIn('sudo', self.called())

    def test_neither_root_nor_sudo(self):
        (self.bin / 'sudo').unlink()
        result = self.dev('build')
        self.assertEqual(1, result.returncode)
        self.assertRegex(result.stderr, '(?m)^apt-get install -y .*gcc')
        self.assertEqual('', self.called())

    def test_what_is_there_is_not_installed(self):
        self.fake('dpkg-query', 'shift 3; for p; do echo "$p installed"; done')
        result = self.dev('build')
        self.assertIn('meson setup build', self.called())
        self.assertNotIn('apt-get', self.called())
        self.assertEqual(9, result.returncode)

    def test_package_the_release_has_not(self):
        self.fake('dpkg-query',
                  'shift 3; for p; do case $p in linphone-cli) ;; '
                  '*) echo "$p installed" ;; esac; done')
        self.fake('apt-cache', 'exit 0')
        result = self.dev('test')
        self.assertIn('this release has no linphone-cli', result.stderr)
        self.assertNotIn('apt-get', self.called())
        self.assertIn('meson setup build', self.called())

    def test_failed_installation_stops(self):
        self.fake('apt-get', 'echo E: no such luck; exit 100')
        result = self.dev('build')
        self.assertEqual(1, result.returncode)
        self.assertIn('no such luck', result.stderr)
        self.assertRegex(result.stderr, '(?m)^sudo apt-get install')
        self.assertNotIn('meson', self.called())

    def test_failed_build_is_counted(self):
        result = self.dev('test')
        self.assertEqual(9, result.returncode)
        self.assertEqual('0 passed, 1 failed',
                         result.stdout.splitlines()[-1])

    def test_results_are_counted(self):
        self.fake('dpkg-query', 'shift 3; for p; do echo "$p installed"; done')
        for results, line, status in (
                (['OK', 'OK'], '2 passed, 0 failed', 0),
                (['OK', 'SKIP'], '1 passed, 0 failed, 1 skipped', 0),
                (['OK', 'FAIL', 'TIMEOUT', 'ERROR'],
                 '1 passed, 3 failed', 1),
                (['SKIP'], '0 passed, 0 failed, 1 skipped', 1)):
            with self.subTest(line=line):
                log = ''.join(f'{{"name": "t", "result": "{r}"}}\\n'
                              for r in results)
                self.fake('meson',
                          'mkdir -p build/meson-logs\n'
                          '[ "$1" != test ] || printf \'' + log +
                          '\' >build/meson-logs/testlog.json\n')
                result = self.dev('test')
                self.assertEqual(line, result.stdout.splitlines()[-1])
                self.assertEqual(status, result.returncode)


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1])
