#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is typed wrong is refused before anything is sent."""

import cli

# (arguments, words of the one line on stderr)
WRONG = [
    (['frobnicate'], ['frobnicate']),
    (['--frobnicate'], ['frobnicate']),
    (['call', '--frobnicate', 'sip:a@127.0.0.1'], ['frobnicate']),
    (['-Q'], ['Q']),
    (['call'], ['TARGET']),
    (['call', 'sip:a@127.0.0.1', 'sip:b@127.0.0.1'], []),
    (['xfer'], ['CALLER']),
    (['xfer', 'sip:a@127.0.0.1'], ['TARGET']),
    (['xfer', 'sip:a@127.0.0.1', 'sip:b@127.0.0.1', 'c'], []),
    (['run'], ['FILE']),
    (['bank', 'robbery'], ['robbery']),
    (['demo', 'extra'], ['extra']),
    (['--listen'], ['--listen']),
    (['--plain', '--listen', 'nonsense'], ['nonsense']),
    (['--plain', '--listen', 'sctp:127.0.0.1:0'], ['sctp']),
    (['--plain', '--listen', 'udp:127.0.0.1:99999'], ['99999']),
    (['--plain', '--listen', 'udp:300.0.0.1:0'], ['300.0.0.1']),
    (['--plain', '--transport', 'sctp'], ['sctp']),
    (['--plain', '--timeout', '59'], ['59', '60']),
    (['--plain', '--timeout', '1801'], ['1801', '1800']),
    (['--plain', '--timeout', 'soon'], ['soon']),
    (['--plain', '--timeout', '-60'], ['-60']),
    (['--plain', '--timeout', '60s'], ['60s']),
    (['xfer', '--timeout', '4', 'sip:a@127.0.0.1', 'sip:b@127.0.0.1'],
     ['4', '5']),
    (['--plain', '--log', 'loud'], ['loud']),
    (['--plain', '--account', 'sip:a@b.invalid;frob=1'], ['frob']),
    (['--plain', '--account', 'nobody'], ['nobody']),
    (['--plain', '--account', 'sip:a@b.invalid;transport=sctp'], ['sctp']),
    (['--plain', '--account', 'sip:a@b.invalid;regint=often'], ['often']),
    (['--plain', '--config', 'missing.conf'], ['missing.conf']),
    (['call', '--attended', 'sip:a@127.0.0.1'], ['--attended', 'xfer']),
    (['bank', '--no-hold'], ['--no-hold', 'xfer']),
    (['call', '--for', 'ever', 'sip:a@127.0.0.1'], ['ever']),
    (['xfer', '--attended', '--semi', 'sip:a@127.0.0.1', 'sip:b@127.0.0.1'],
     ['--semi']),
    (['run', 'missing.script'], ['missing.script']),
]

BAD_TARGETS = ['', 'sip:', 'sip:@127.0.0.1', 'sip:a@[::1', 'sip:a@127.0.0.1:0',
               'sip:a@127.0.0.1:65536', 'sip:a b@127.0.0.1', 'http:a@b',
               'sip:a@127.0.0.1\r\nX: y', 'sip:\x1b[2J@127.0.0.1',
               'sip:' + 'a' * 600 + '@127.0.0.1']


class Arguments(cli.Case):
    def test_each_mistake(self):
        for args, words in WRONG:
            with self.subTest(args=args):
                done = self.refuses(*args, words=words)
                self.assertEqual('', done.out)

    def test_bad_target_of_call(self):
        for target in BAD_TARGETS:
            with self.subTest(target=target):
                self.refuses('call', *cli.LOCAL, target)

    def test_bad_target_of_xfer(self):
        good = 'sip:a@127.0.0.1:9'
        for target in BAD_TARGETS:
            with self.subTest(target=target):
                self.refuses('xfer', *cli.LOCAL, target, good)
                self.refuses('xfer', *cli.LOCAL, good, target)

    def test_target_is_the_caller(self):
        bank = self.bank()
        for caller, target in (
                (bank.uri('answer'), bank.uri('answer')),
                (bank.uri('answer'), bank.uri('answer', ';user=phone'))):
            with self.subTest(target=target):
                done = self.run_it('xfer', *cli.LOCAL, caller, target)
                self.assertIn(done.code, (2, 18), str(done))
                self.one_line(done)
        self.assertEqual([], cli.only(
            map(cli.json.loads, bank.lines), 'transfer'))

    def test_help(self):
        for option in ('-h', '--help'):
            done = self.run_it(option)
            self.assertEqual((0, ''), (done.code, done.err))
            for word in ('demo', 'bank', 'call', 'xfer', 'run',
                         'check-config', '--plain', '--json', '--listen',
                         '--account', '--trace', '--pcap', '--timeout'):
                self.assertIn(word, done.out)
            for line in done.out_lines:
                self.assertLessEqual(len(line), 80, line)

    def test_help_of_a_verb(self):
        for verb in ('demo', 'bank', 'call', 'xfer', 'run', 'check-config'):
            done = self.run_it(verb, '--help')
            self.assertEqual((0, ''), (done.code, done.err))
            self.assertIn(verb, done.out)

    def test_version(self):
        for option in ('-V', '--version'):
            done = self.run_it(option)
            self.assertEqual((0, ''), (done.code, done.err))
            self.assertRegex(done.out, r'^cordpair \d+\.\d+\.\d+')

    def test_help_to_a_full_disk_is_told(self):
        with open('/dev/full', 'w', encoding='utf-8') as full:
            done = self.run_it('--help', stdout=full)
        self.assertEqual(1, done.code, str(done))
        self.one_line(done)

    def test_password_in_the_arguments_is_refused_and_not_shown(self):
        done = self.refuses('--plain', '--account',
                            'sip:a@b.invalid;password=geheim17',
                            words=['password'])
        self.assertNotIn('geheim17', done.err)


if __name__ == '__main__':
    cli.main()
