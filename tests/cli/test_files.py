#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Traces, captures and logs: what is in them, and what must not be."""

import os
import re
import subprocess
import struct

import cli

SECRET = 'geheim17xyzzy'


class Files(cli.Case):
    def call(self, *args, **kwargs):
        return self.run_it('call', '--for', '1', *cli.LOCAL, *args, **kwargs)

    def test_trace(self):
        bank = self.bank()
        trace = self.home / 'trace'
        done = self.call('--trace', str(trace), bank.uri('answer'))
        self.assertEqual(0, done.code, str(done))
        text = trace.read_text(encoding='utf-8')
        for line in ('INVITE sip:answer@', 'SIP/2.0 180 ', 'SIP/2.0 200 ',
                     'ACK sip:', 'BYE sip:'):
            self.assertRegex(text, rf'(?m)^{line}')
        self.assertRegex(text, rf'127\.0\.0\.1:{bank.port}')

    def test_capture(self):
        bank = self.bank()
        capture = self.home / 'capture'
        done = self.call('--pcap', str(capture), bank.uri('answer'))
        self.assertEqual(0, done.code, str(done))
        data = capture.read_bytes()
        self.assertIn(struct.unpack('=I', data[:4])[0],
                      (0xa1b2c3d4, 0xa1b23c4d))
        if not cli.shutil.which('tshark'):
            self.skipTest('no tshark to read it')
        result = subprocess.run(
            ['tshark', '-r', capture, '-d', f'udp.port=={bank.port},sip',
             '-T', 'fields', '-e', 'sip.Method', '-e', 'sip.Status-Code'],
            capture_output=True, text=True, check=False)
        self.assertEqual(0, result.returncode, result.stderr)
        seen = result.stdout.split()
        for what in ('INVITE', '180', '200', 'ACK', 'BYE'):
            self.assertIn(what, seen)

    def test_full_disk_does_not_end_the_call(self):
        bank = self.bank()
        for option in ('--trace', '--pcap', '--log-file'):
            with self.subTest(option=option):
                done = self.call(option, '/dev/full', '--log', 'debug',
                                 bank.uri('answer'))
                self.assertEqual(0, done.code, str(done))
                about = [line for line in done.err_lines
                         if '/dev/full' in line]
                self.assertEqual(1, len(about), str(done))
                self.assertRegex(about[0], '(?i)space')

    def test_file_that_cannot_be_made(self):
        for option in ('--trace', '--pcap', '--log-file'):
            with self.subTest(option=option):
                self.refuses('call', *cli.LOCAL, option, 'none/file',
                             'sip:a@127.0.0.1:9', words=['none/file'])

    def test_trace_is_for_its_owner_only(self):
        bank = self.bank()
        for option in ('--trace', '--pcap', '--log-file'):
            path = self.home / option
            self.call(option, str(path), bank.uri('answer'))
            self.assertEqual(0, path.stat().st_mode & 0o077, option)

    def test_secrets_stay_secret(self):
        bank = self.bank()
        files = {name: self.home / name for name in ('trace', 'pcap', 'log')}
        for kind, account in (
                ('file', f'password_file={self.file("pw", SECRET)}'),
                ('command', f'password_command=cat {self.file("p", SECRET)}')):
            with self.subTest(kind=kind):
                done = self.run_it(
                    'xfer', *cli.LOCAL, '--json', '--log', 'debug',
                    '--log-file', str(files['log']),
                    '--trace', str(files['trace']),
                    '--pcap', str(files['pcap']),
                    '--account', f'sip:login@127.0.0.1:{bank.port};'
                    f'regint=0;{account}',
                    bank.uri('login'), bank.uri('answer'))
                self.assertEqual(13, done.code, str(done))  # a wrong one
                texts = {name: path.read_bytes().decode('latin-1')
                         for name, path in files.items()}
                # it did try, so there was something to hide
                self.assertRegex(texts['trace'],
                                 '(?im)^(Proxy-)?Authorization: *Digest')
                for name, text in (('out', done.out), ('err', done.err),
                                   *texts.items()):
                    self.assertNotIn(SECRET, text, name)
                    self.assertNotRegex(
                        text, r'(?i)\bresponse="?[0-9a-f]{32}', name)

    def test_password_is_in_no_arguments(self):
        """Neither its own, nor those of what it starts."""
        bank = self.bank()
        secret = self.file('secret', SECRET)
        # a password command that says what ps would say
        seen = self.home / 'seen'
        script = self.file(
            'ask', '#!/bin/sh\n'
            f'cat /proc/[0-9]*/cmdline 2>/dev/null | tr "\\0" " " >{seen}\n'
            f'env >>{seen}\ncat {secret}\n', mode=0o700)
        program = self.start(
            '--plain', '--json', *cli.LOCAL, '--account',
            f'sip:login@127.0.0.1:{bank.port};regint=300;'
            f'password_command={script}')
        program.event('account', state='failed')
        with open(f'/proc/{program.process.pid}/cmdline', 'rb') as file:
            self.assertNotIn(SECRET.encode(), file.read())
        with open(f'/proc/{program.process.pid}/environ', 'rb') as file:
            self.assertNotIn(SECRET.encode(), file.read())
        told = seen.read_text(encoding='utf-8', errors='replace')
        self.assertIn(os.path.basename(cli.PROGRAM), told)
        self.assertNotIn(SECRET, told)

    def test_log_file(self):
        bank = self.bank()
        log = self.home / 'log'
        done = self.call('--log', 'debug', '--log-file', str(log),
                         bank.uri('answer'))
        self.assertEqual(0, done.code, str(done))
        text = log.read_text(encoding='utf-8')
        self.assertTrue(re.search('(?i)debug', text), text[:500])

    def test_log_levels_differ(self):
        bank = self.bank()
        sizes = []
        for level in ('error', 'debug'):
            log = self.home / level
            self.call('--log', level, '--log-file', str(log),
                      bank.uri('answer'))
            sizes.append(log.stat().st_size)
        self.assertLess(sizes[0], sizes[1])


if __name__ == '__main__':
    cli.main()
