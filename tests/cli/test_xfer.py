#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""`xfer` with each phone of the bank as caller and as target."""

import json
import re

import cli

# phone as the target of a transfer of `anybody`: exit code, outcome, last code
TARGETS = {
    'answer': (0, 'succeeded', 200),
    'somebody': (0, 'succeeded', 200),
    'echo': (0, 'succeeded', 200),
    'silent': (0, 'succeeded', 200),
    'minimal': (0, 'succeeded', 200),
    'early': (0, 'succeeded', 200),
    'leaver': (0, 'succeeded', 200),
    'norefer': (0, 'succeeded', 200),
    'login': (0, 'succeeded', 200),
    'slow': (0, 'succeeded', 200),
    'busy': (10, 'failed', 486),
    'unavailable': (11, 'failed', 480),
    'decline': (12, 'failed', 603),
    'unknown': (16, 'failed', 404),
}

# phone as the caller who is transferred to `somebody`
CALLERS = {
    'answer': (0, 'succeeded', 200),
    'anybody': (0, 'succeeded', 200),
    'echo': (0, 'succeeded', 200),
    'slow': (0, 'succeeded', 200),
    'early': (0, 'succeeded', 200),
    'leaver': (0, 'succeeded', 200),
    'norefer': (13, 'rejected', 501),
    'login': (13, 'rejected', 401),
    'minimal': (15, 'unknown', 100),
}

# phone that does not even take the first call
NO_CALLERS = ['busy', 'decline', 'unknown', 'unavailable']

# consult first: exit code by target
CONSULTS = {
    'answer': (0, 'succeeded'),
    'slow': (0, 'succeeded'),
}


class Xfer(cli.Case):
    def xfer(self, *args, patience=cli.PATIENCE * 2):
        return self.run_it('xfer', *cli.LOCAL, *args, patience=patience)

    def outcome(self, done, code, outcome, last=None):
        """Checks the whole output of xfer --json; gives the transfers."""
        self.assertEqual(code, done.code, str(done))
        events = cli.check_events(done.out_lines)
        transfers = cli.only(events, 'transfer')
        self.assertTrue(transfers, done.out)
        self.assertEqual([outcome],
                         [t['outcome'] for t in transfers if t['outcome']],
                         done.out)
        self.assertEqual(outcome, transfers[-1]['outcome'])
        if last is not None:
            self.assertEqual(last, transfers[-1]['code'], done.out)
        return transfers

    def test_each_target(self):
        bank = self.bank()
        done = self.run_all({phone: (
            'xfer', *cli.LOCAL, '--json', bank.uri('anybody'),
            bank.uri(phone)) for phone in TARGETS})
        for phone, (code, outcome, last) in TARGETS.items():
            with self.subTest(phone=phone):
                transfers = self.outcome(done[phone], code, outcome, last)
                self.assertEqual(bank.uri(phone), transfers[0]['target'])
                self.assertEqual('blind', transfers[0]['kind'])
                states = list(dict.fromkeys(t['state'] for t in transfers))
                self.assertLessEqual(
                    ['refer-requested', 'refer-accepted', 'trying'],
                    [s for s in states if s not in ('idle', 'alerted')],
                    states)
                self.assertEqual(outcome, states[-1])
        cli.check_events(bank.lines)

    def test_each_caller(self):
        bank = self.bank()
        done = self.run_all({phone: (
            'xfer', *cli.LOCAL, '--json', bank.uri(phone),
            bank.uri('somebody')) for phone in CALLERS})
        for phone, (code, outcome, last) in CALLERS.items():
            with self.subTest(phone=phone):
                self.outcome(done[phone], code, outcome, last)
        cli.check_events(bank.lines)

    def test_caller_that_is_not_there(self):
        bank = self.bank()
        for phone in NO_CALLERS:
            with self.subTest(phone=phone):
                done = self.xfer('--json', bank.uri(phone),
                                 bank.uri('somebody'))
                self.assertEqual(17, done.code, str(done))
                events = cli.check_events(done.out_lines)
                self.assertEqual([], cli.only(events, 'transfer'))
        self.assertEqual([], cli.only(map(json.loads, bank.lines),
                                      'transfer'))

    def test_silent_caller(self):
        # 64*T1 is what it has to wait, and cannot be set
        bank = self.bank()
        done = self.xfer('--json', bank.uri('silent'), bank.uri('answer'),
                         patience=60)
        self.outcome(done, 14, 'no-reports')

    def test_time_out(self):
        bank = self.bank()
        done = self.xfer('--json', '--timeout', '5', bank.uri('answer'),
                         bank.uri('noanswer'))
        transfers = self.outcome(done, 19, 'timed-out')
        self.assertIn('alerted', [t['state'] for t in transfers])

    def test_login_with_the_password(self):
        bank = self.bank()
        secret = self.file('secret', 'login\n')
        done = self.xfer('--json', '--account',
                         f'sip:login@127.0.0.1:{bank.port};regint=0;'
                         f'password_file={secret}',
                         bank.uri('login'), bank.uri('answer'))
        self.outcome(done, 0, 'succeeded', 200)

    def test_words(self):
        """Without --json a reader can follow it, and sees how it ended."""
        bank = self.bank()
        done = self.xfer(bank.uri('answer'), bank.uri('busy'))
        self.assertEqual(10, done.code, str(done))
        self.assertIn('486', done.out_lines[-1] + done.err)
        told = '\n'.join(done.out_lines)
        for word in ('talking', 'accepted', 'busy'):
            self.assertRegex(told, f'(?i){word}')
        self.assertNotIn('{', told)

    def test_every_report_is_told(self):
        bank = self.bank()
        done = self.xfer('--json', bank.uri('answer'), bank.uri('answer2'))
        codes = [t['code'] for t in self.outcome(done, 0, 'succeeded')]
        for code in (202, 100, 180, 200):
            self.assertIn(code, codes, done.out)

    def test_caller_is_held_first_and_not_with_no_hold(self):
        bank = self.bank()
        for args, held in (([], True), (['--no-hold'], False)):
            with self.subTest(args=args):
                done = self.xfer('--json', *args, bank.uri('answer'),
                                 bank.uri('answer2'))
                self.outcome(done, 0, 'succeeded')
                states = [e['state'] for e in cli.only(
                    cli.check_events(done.out_lines), 'call')]
                self.assertEqual(held, 'held' in states, done.out)

    def test_release_hangs_up_at_the_2xx(self):
        bank = self.bank()
        done = self.xfer('--json', '--release', bank.uri('answer'),
                         bank.uri('slow'))
        self.assertEqual(0, done.code, str(done))
        events = cli.check_events(done.out_lines)
        ended = cli.only(events, 'call', state='ended')[0]['t']
        result = cli.only(events, 'transfer')[-1]['t']
        self.assertLess(ended, result - 2, done.out)

    def test_attended(self):
        bank = self.bank()
        for phone, (code, outcome) in CONSULTS.items():
            with self.subTest(phone=phone):
                done = self.xfer('--json', '--attended', bank.uri('anybody'),
                                 bank.uri(phone))
                transfers = self.outcome(done, code, outcome)
                self.assertEqual('attended', transfers[-1]['kind'])
                self.assertGreater(transfers[-1]['consult'], 0)
                bank_calls = cli.only(map(json.loads, bank.lines), 'call')
                self.assertTrue(bank_calls)

    def test_attended_to_a_target_that_is_not_there(self):
        bank = self.bank()
        for phone, code in (('busy', 10), ('decline', 12),
                            ('unavailable', 11), ('unknown', 16)):
            with self.subTest(phone=phone):
                done = self.xfer('--json', '--attended', bank.uri('anybody'),
                                 bank.uri(phone))
                self.assertEqual(code, done.code, str(done))
                cli.check_events(done.out_lines)

    def test_semi(self):
        bank = self.bank()
        done = self.xfer('--json', '--semi', bank.uri('answer'),
                         bank.uri('slow'))
        transfers = self.outcome(done, 0, 'succeeded')
        self.assertEqual('semi', transfers[-1]['kind'])

    def test_both_are_told_the_referrer(self):
        """The bank's second call was made for the first one's REFER."""
        bank = self.bank()
        trace = self.home / 'trace'
        done = self.xfer('--trace', str(trace), bank.uri('answer'),
                         bank.uri('echo'))
        self.assertEqual(0, done.code, str(done))
        text = trace.read_text(encoding='utf-8')
        refer = text[text.index('REFER sip:'):]
        refer = refer[:refer.index('\n\n') if '\n\n' in refer else None]
        self.assertEqual(1, len(re.findall('(?im)^Refer-To: *<[^>]+>\r?$',
                                           refer)), refer)
        self.assertEqual(1, len(re.findall('(?im)^Referred-By: *<', refer)))


if __name__ == '__main__':
    cli.main()
