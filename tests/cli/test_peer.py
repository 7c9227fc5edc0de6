#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""`xfer` with a caller whose answers no phone of the bank gives."""

import cli
from peer import Peer

TARGET = 'sip:target@127.0.0.1:9'
GONE = 'terminated;reason=noresource'


def accept(peer, refer):
    peer.reply(refer, 202, 'Accepted')


def redirects(peer, refer):
    accept(peer, refer)
    peer.notify('SIP/2.0 302 Moved Temporarily', GONE)


def refuses(peer, refer):
    peer.reply(refer, 603, 'Decline')


def vanishes(peer, _):
    peer.close()


def leaves(peer, refer):
    accept(peer, refer)
    peer.notify('SIP/2.0 100 Trying', 'active;expires=60')
    peer.request('BYE')


def early_result(peer, refer):
    peer.notify('SIP/2.0 200 OK', GONE)
    accept(peer, refer)


def paints(peer, refer):
    accept(peer, refer)
    peer.notify('SIP/2.0 486 \x1b[2J\x1b]0;owned\x07 Busy\u202e', GONE)


def mumbles(peer, refer):
    accept(peer, refer)
    peer.notify('what?', 'active;expires=60')
    peer.notify('SIP/2.0 99999999999 x', 'active;expires=60')
    peer.notify('SIP/2.0 200 ', GONE)


# (what it does, over TCP, exit code, outcomes)
CASES = [
    (redirects, False, 20, ('redirected',)),
    (refuses, False, 13, ('rejected',)),
    (vanishes, True, 18, ('not-sent', 'no-answer')),
    (leaves, False, 15, ('unknown',)),
    (early_result, False, 0, ('succeeded',)),
    (paints, False, 10, ('failed',)),
    (mumbles, False, 0, ('succeeded',)),
    (mumbles, True, 0, ('succeeded',)),
]


class Strange(cli.Case):
    def test_each(self):
        for act, tcp, code, outcomes in CASES:
            with self.subTest(act=act.__name__, tcp=tcp):
                peer = Peer(act, tcp)
                self.addCleanup(peer.close)
                kind = 'tcp' if tcp else 'udp'
                done = self.run_it('xfer', '--json', '--transport', kind,
                                   '--listen', f'{kind}:127.0.0.1:0',
                                   peer.uri, TARGET,
                                   patience=60)  # vanishes: Timer F
                self.assertEqual(code, done.code, str(done))
                events = cli.check_events(done.out_lines)
                last = cli.only(events, 'transfer')[-1]
                self.assertIn(last['outcome'], outcomes)
                for event in events:
                    for text in event.values():
                        if isinstance(text, str):
                            self.assertTrue(text.isprintable(), event)

    def test_escapes_never_reach_the_terminal(self):
        peer = Peer(paints)
        self.addCleanup(peer.close)
        done = self.run_it('xfer', *cli.LOCAL, peer.uri, TARGET)
        self.assertEqual(10, done.code, str(done))
        for line in done.out_lines + done.err_lines:
            self.assertTrue(line.isprintable(), repr(line))

    def test_one_refer_that_says_who_asks(self):
        peer = Peer(redirects)
        self.addCleanup(peer.close)
        self.run_it('xfer', *cli.LOCAL, peer.uri, TARGET + ';user=phone')
        methods = [m.split(' ', 1)[0] for m in peer.seen]
        self.assertEqual(1, methods.count('REFER'), methods)
        # held before it was asked
        self.assertEqual(2, methods[:methods.index('REFER')].count('INVITE'))
        refer = peer.seen[methods.index('REFER')]
        self.assertRegex(
            refer, f'(?m)^Refer-To: <{TARGET};user=phone>\r$')
        self.assertRegex(refer, '(?m)^Referred-By: <sip:[^>]+>')
        self.assertIn('BYE', methods)


if __name__ == '__main__':
    cli.main()
