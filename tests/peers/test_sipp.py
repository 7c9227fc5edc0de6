# SPDX-License-Identifier: GPL-3.0-or-later
"""sipp, with scenarios of ours, as the caller who is asked to transfer and
as the one he is transferred to."""

import re

import peerlib
from peerlib import (HOST, Bank, Console, Sipp, check, equal, in_order, steps,
                     told_once, xfer)

TARGET = 'sip:target@%s:9' % HOST


def refer_is_right(sipp, target):
    """What every REFER of ours looks like on the wire."""
    h = sipp.request('REFER')
    equal(h.get('refer-to'), ['<%s>' % target], 'Refer-To')
    equal(len(h.get('referred-by', [])), 1, 'number of Referred-By')
    check(re.match(r'<sips?:[^>]+>', h['referred-by'][0]),
          'Referred-By is in <>: %r' % h['referred-by'])
    equal(len(h.get('contact', [])), 1, 'number of Contact')
    check(sipp.wire().count('REFER sip:') == 1, 'one REFER was sent')


def ends(scenario, keys, code, outcome, last, args=(), tail=()):
    """xfer through this transferee: exit code, outcome, last status."""
    s = Sipp(scenario, keys)
    got, events, x = xfer(s.uri(), TARGET, *args)
    equal(told_once(events), outcome, 'outcome')
    equal(got, code, 'exit code')
    if last is not None:
        equal(events[-1]['code'], last, 'last status')
    in_order([st for st, _ in steps(events)], list(tail), 'states')
    s.done()
    refer_is_right(s, TARGET)


def whole(final, code, outcome, state, event='refer'):
    """100, 180, final: every step is told, in order, once."""
    s = Sipp('transferee', {'final': final, 'event': event})
    got, events, x = xfer(s.uri(), TARGET)
    last = int(final[:3])
    equal(told_once(events), outcome, 'outcome')
    equal(got, code, 'exit code')
    in_order(steps(events), [('refer-accepted', 202), ('trying', 100),
                             ('alerted', 180), (state, last)], 'steps')
    equal(events[-1]['text'], final[4:], 'reason')
    in_order([e['sub'] for e in events], ['wait', 'active', 'closed'], 'sub')
    s.done()
    refer_is_right(s, TARGET)


def console_busy(transport):
    """The caller is back, and the next one can be tried."""
    s = Sipp('transferee', {'final': '486 Busy Here', 'event': 'refer'},
             transport='u1' if transport == 'udp' else 't1')
    c = Console(listen=['%s:%s:PORT' % (transport, HOST)],
                extra=['--transport', transport])
    n = c.call('%s;transport=%s' % (s.uri(), transport))
    c.command('transfer %d %s' % (n, TARGET))
    c.wait('call', id=n, state='held', again=True)
    e = c.wait('transfer', outcome='failed')
    equal(e['code'], 486, 'code')
    c.wait('call', id=n, state='talking')     # taken back by itself
    c.command('hangup %d' % n)
    c.wait('call', id=n, state='ended')
    s.done()
    refer_is_right(s, TARGET)
    c.quit()


def console_success(transport):
    s = Sipp('transferee', {'final': '200 OK', 'event': 'refer'},
             transport='u1' if transport == 'udp' else 't1')
    c = Console(listen=['%s:%s:PORT' % (transport, HOST)],
                extra=['--transport', transport])
    n = c.call('%s;transport=%s' % (s.uri(), transport))
    c.command('transfer %d %s' % (n, TARGET))
    c.wait('transfer', outcome='succeeded')
    c.wait('call', id=n, state='ended', again=True)
    s.done()
    c.quit()


def unwatched():
    """unwatch ends the reports, not the call, and leaves the state alone."""
    s = Sipp('watched')
    c = Console()
    n = c.call(s.uri())
    c.command('transfer %d %s' % (n, TARGET))
    c.wait('transfer', state='trying')
    c.command('unwatch %d' % n)
    e = c.wait('transfer', sub='closed')
    equal(e['state'], 'trying', 'state after unwatch')
    c.command('hangup %d' % n)
    c.wait('call', id=n, state='ended')
    s.done()
    h = s.request('SUBSCRIBE')
    equal(h.get('expires'), ['0'], 'Expires of the SUBSCRIBE')
    check(re.match(r'refer\b', h['event'][0]), 'Event: %r' % h['event'])
    c.quit()


def target(scenario, keys, code, outcome, last, args=()):
    """The bank's phone really calls it; we told it by whom."""
    bank = Bank()
    t = Sipp(scenario, keys)
    got, events, x = xfer(bank.uri('answer'), t.uri('target'), *args)
    equal(told_once(events), outcome, 'outcome')
    equal(got, code, 'exit code')
    if last:
        equal(events[-1]['code'], last, 'last status')
    check('alerted' in [e['state'] for e in events], 'it rang')
    bank.stop()                    # lets go of the target, if it has it
    t.done()
    check('referred-by' in t.request('INVITE'), 'Referred-By came over')


ROWS = [('transferee: 100, 180, %s' % f,
         lambda f=f, c=c, o=o, s=s: whole(f, c, o, s))
        for f, c, o, s in (
            ('200 OK', 0, 'succeeded', 'succeeded'),
            ('486 Busy Here', 10, 'failed', 'failed'),
            ('600 Busy Everywhere', 10, 'failed', 'failed'),
            ('480 Temporarily Unavailable', 11, 'failed', 'failed'),
            ('408 Request Timeout', 11, 'failed', 'failed'),
            ('487 Request Terminated', 11, 'failed', 'failed'),
            ('603 Decline', 12, 'failed', 'failed'),
            ('607 Unwanted', 12, 'failed', 'failed'),
            ('404 Not Found', 16, 'failed', 'failed'),
            ('503 Service Unavailable', 16, 'failed', 'failed'),
            ('302 Moved Temporarily', 20, 'redirected', 'redirected'))]
ROWS += [('transferee: REFER answered %s' % a,
          lambda a=a: ends('refuse', {'answer': a}, 13, 'rejected',
                           int(a[:3]), tail=['refer-rejected']))
         for a in ('501 Not Implemented', '404 Not Found', '603 Decline',
                   '481 Call Does Not Exist', '405 Method Not Allowed',
                   '503 Service Unavailable')]
ROWS += [
    ('transferee: success, Event with id',
     lambda: whole('200 OK', 0, 'succeeded', 'succeeded',
                   event='refer;id=0')),
    ('transferee: one NOTIFY 100, terminated (minimal)',
     lambda: ends('minimal', {'event': 'refer'}, 15, 'unknown', 100,
                  tail=['trying'])),
    ('transferee: one NOTIFY 200, terminated',
     lambda: ends('direct', {'final': '200 OK', 'event': 'refer', 'state':
                             'terminated;reason=noresource'}, 0,
                  'succeeded', 200)),
    ('transferee: one NOTIFY 200, still active',
     lambda: ends('direct', {'final': '200 OK', 'event': 'refer', 'state':
                             'active'}, 0, 'succeeded', 200)),
    ('transferee: final with a malformed reason',
     lambda: ends('direct', {'final': '486 Busy Here', 'event': 'refer',
                             'state': 'terminated;reason=reason=noresource'},
                  10, 'failed', 486)),
    ('transferee: 202 and silence, given up by --timeout',
     lambda: ends('silent', {}, 19, 'timed-out', None,
                  args=['--timeout', '5'])),
    ('console, udp: busy, caller back', lambda: console_busy('udp')),
    ('console, tcp: busy, caller back', lambda: console_busy('tcp')),
    ('console, udp: success', lambda: console_success('udp')),
    ('console, tcp: success', lambda: console_success('tcp')),
    ('console: unwatch', unwatched),
]
ROWS += [('target: answers', lambda: target('target', {}, 0, 'succeeded',
                                            200))]
ROWS += [('target: rings, then %s' % a,
          lambda a=a, c=c: target('target_refuses', {'answer': a}, c,
                                  'failed', int(a[:3])))
         for a, c in (('486 Busy Here', 10), ('603 Decline', 12),
                      ('404 Not Found', 16), ('501 Not Implemented', 16),
                      ('408 Request Timeout', 11))]
ROWS += [('target: rings and rings, given up by --timeout',
          lambda: target('target_rings', {}, 19, 'timed-out', None,
                         args=['--timeout', '5']))]

if __name__ == '__main__':
    peerlib.main('sipp', ROWS, ['sipp'])
