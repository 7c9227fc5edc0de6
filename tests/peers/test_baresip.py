# SPDX-License-Identifier: GPL-3.0-or-later
"""baresip 1.0.0 (libre's own phone) as transferee and as target."""

import peerlib
from peerlib import (Bank, Console, Sipp, check, equal, steps, told_once,
                     xfer)
from phones import Baresip

FIRST = [('refer-accepted', 202), ('trying', 100)]


def transferee(scenario, keys, code, outcome, state, last):
    """It tells 100 and the final, never the 180 between; always with id."""
    b, t = Baresip(), Sipp(scenario, keys)
    got, events, x = xfer(b.uri(), t.uri('target'))
    equal(told_once(events), outcome, 'outcome')
    equal(got, code, 'exit code')
    after = [s for s in steps(events) if s[0] != 'refer-requested' and
             s[0] != 'idle']
    equal(after, FIRST + [(state, last)], 'steps')
    equal(events[-1]['sub'], 'closed', 'subscription')
    b.wait_line(r'Event: refer;id=\d+', again=True)
    b.wait_line(r'^BYE sip:', again=True)      # from us; it never does
    check(b.count(r'^REFER sip:') == 1, 'one REFER')
    b.stop()
    t.done()


def nobody_answers():
    """Its user gives the new call up: 487."""
    b, t, c = Baresip(), Sipp('target_rings'), Console()
    n = c.call(b.uri())
    c.command('transfer %d %s' % (n, t.uri('target')))
    c.wait('transfer', state='trying')
    b.wait_line('SIP/2.0 180 Ringing')         # the target's
    b.command('hangup')
    e = c.wait('transfer', outcome='failed')
    equal(e['code'], 487, 'code')
    c.wait('call', id=n, state=('talking', 'ended'))
    t.done()
    c.quit()


def busy_caller_back():
    b, bank, c = Baresip(), Bank(), Console()
    n = c.call(b.uri())
    c.command('transfer %d %s' % (n, bank.uri('busy')))
    e = c.wait('transfer', outcome='failed')
    equal(e['code'], 486, 'code')
    c.wait('call', id=n, state='talking')
    # and once more, to one who answers: a new id in the same dialog
    c.command('transfer %d %s' % (n, bank.uri('answer')))
    c.wait('transfer', outcome='succeeded')
    c.wait('call', id=n, state='ended', again=True)
    c.quit()


def it_calls_us():
    b, bank, c = Baresip(answers=False), Bank(), Console()
    b.command('dial', 'sip:console@127.0.0.1:%d' % c.port)
    n = c.wait('call', dir='in', state='ringing')['id']
    c.command('answer %d' % n)
    c.wait('call', id=n, state='talking')
    c.command('transfer %d %s' % (n, bank.uri('answer')))
    c.wait('transfer', outcome='succeeded')
    c.wait('call', id=n, state='ended', again=True)
    c.quit()


def it_hangs_up():
    b, c = Baresip(), Console()
    n = c.call(b.uri())
    b.command('hangup')
    c.wait('call', id=n, state='ended')
    c.quit()


def target_answers():
    bank, b = Bank(), Baresip()
    code, events, x = xfer(bank.uri('answer'), b.uri())
    equal(told_once(events), 'succeeded', 'outcome')
    equal(code, 0, 'exit code')
    b.wait_line('Referred-By:', again=True)


def target_declines():
    bank, b, c = Bank(), Baresip(answers=False), Console()
    n = c.call(bank.uri('answer'))
    c.command('transfer %d %s' % (n, b.uri()))
    c.wait('transfer', state='alerted')
    b.wait_event('CALL_INCOMING')
    b.command('hangup')
    e = c.wait('transfer', outcome='failed')
    equal(e['code'], 486, 'code')
    c.wait('call', id=n, state='talking')
    c.quit()


def consult_transferee():
    """It ignores Replaces and calls the target anew; no call of ours is
    left over."""
    b, bank, c = Baresip(), Bank(), Console()
    n = c.call(b.uri())
    c.command('consult %d %s' % (n, bank.uri('echo')))
    m = c.wait('call', state='talking', peer=bank.uri('echo'))['id']
    c.command('complete %d' % n)
    c.wait('transfer', outcome='succeeded')
    for k in (n, m):
        c.wait('call', id=k, state='ended', again=True)
    c.quit()


def consult_target():
    """It does not know Replaces (420 when it is required); no call of ours
    is left over."""
    bank, b, c = Bank(), Baresip(), Console()
    n = c.call(bank.uri('answer'))
    c.command('consult %d %s' % (n, b.uri()))
    m = c.wait('call', state='talking', peer=b.uri())['id']
    c.command('complete %d' % n)
    c.wait('transfer', outcome='succeeded')
    for k in (n, m):
        c.wait('call', id=k, state='ended', again=True)
    c.quit()


ROWS = [
    ('transferee: target answers; no 180 is told', lambda: transferee(
        'target', {}, 0, 'succeeded', 'succeeded', 200)),
    ('transferee: target busy', lambda: transferee(
        'target_refuses', {'answer': '486 Busy Here'}, 10, 'failed',
        'failed', 486)),
    ('transferee: no such target', lambda: transferee(
        'target_refuses', {'answer': '404 Not Found'}, 16, 'failed',
        'failed', 404)),
    ('transferee: target declines', lambda: transferee(
        'target_refuses', {'answer': '603 Decline'}, 12, 'failed',
        'failed', 603)),
    ('transferee: given up while it rings', nobody_answers),
    ('transferee: busy, caller back, second try', busy_caller_back),
    ('transferee: it called us', it_calls_us),
    ('it hangs up', it_hangs_up),
    ('target: answers', target_answers),
    ('target: declines, caller back', target_declines),
    ('consultation, as the caller', consult_transferee),
    ('consultation, as the target', consult_target),
]

if __name__ == '__main__':
    peerlib.main('baresip', ROWS, ['baresip', 'sipp'])
