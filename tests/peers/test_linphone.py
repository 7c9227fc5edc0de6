# SPDX-License-Identifier: GPL-3.0-or-later
"""linphonec 5.1 as transferee and as target."""

import peerlib
from peerlib import Bank, Console, Sipp, check, equal, steps, told_once, xfer
from phones import Linphone

FIRST = [('refer-accepted', 202), ('trying', 100)]


def transferee(scenario, keys, code, outcome, state, last):
    """100 and the final, no 180; no id; it holds us after its 202."""
    p, t = Linphone(), Sipp(scenario, keys)
    got, events, x = xfer(p.uri(), t.uri('target'))
    equal(told_once(events), outcome, 'outcome')
    equal(got, code, 'exit code')
    after = [s for s in steps(events) if s[0] not in ('idle',
                                                      'refer-requested')]
    equal(after, FIRST + [(state, last)], 'steps')
    check([e for e in x.all('call') if e['remote_hold']],
          'its hold was noticed')
    if last == 200:
        # a reason that is malformed, taken all the same
        p.wait_line(r'Subscription-State: *terminated;reason=reason=',
                    again=True)
        equal(events[-1]['sub'], 'closed', 'subscription')
    else:
        equal(p.count(r'Subscription-State: *terminated'), 0,
              'number of NOTIFYs that end it')
    p.type('terminate all')
    t.done()


def busy_caller_back():
    """The failure leaves the subscription active: the outcome does not wait
    for its end, and the caller is back."""
    p, bank, c = Linphone(), Bank(), Console()
    n = c.call(p.uri())
    c.command('transfer %d %s' % (n, bank.uri('busy')))
    e = c.wait('transfer', outcome='failed')
    equal(e['code'], 486, 'code')
    c.wait('call', id=n, state='talking')
    c.command('transfer %d %s' % (n, bank.uri('answer')))
    c.wait('transfer', outcome='succeeded')
    c.wait('call', id=n, state='ended', again=True)
    c.quit()


def it_calls_us():
    p, bank, c = Linphone(answers=False), Bank(), Console()
    p.type('call sip:console@127.0.0.1:%d' % c.port)
    n = c.wait('call', dir='in', state='ringing')['id']
    c.command('answer %d' % n)
    c.wait('call', id=n, state='talking')
    c.command('transfer %d %s' % (n, bank.uri('answer')))
    c.wait('transfer', outcome='succeeded')
    c.wait('call', id=n, state='ended', again=True)
    c.quit()


def it_holds():
    p, c = Linphone(), Console()
    n = c.call(p.uri())
    p.wait_line('StreamsRunning', again=True)
    p.type('pause')
    c.wait('call', id=n, remote_hold=True)
    p.wait_line('is now paused')
    p.type('resume')
    c.wait('call', id=n, remote_hold=False)
    p.type('terminate all')
    c.wait('call', id=n, state='ended')
    c.quit()


def target_answers():
    bank, p, c = Bank(), Linphone(answers=False), Console()
    n = c.call(bank.uri('answer'))
    c.command('transfer %d %s' % (n, p.uri()))
    c.wait('transfer', state='alerted')
    p.wait_line('IncomingReceived', again=True)
    p.type('answer')
    c.wait('transfer', outcome='succeeded')
    c.wait('call', id=n, state='ended', again=True)
    p.wait_line('Referred-By:', again=True)
    c.quit()


def target_declines():
    bank, p, c = Bank(), Linphone(answers=False), Console()
    n = c.call(bank.uri('answer'))
    c.command('transfer %d %s' % (n, p.uri()))
    c.wait('transfer', state='alerted')
    p.wait_line('IncomingReceived', again=True)
    p.type('terminate')
    e = c.wait('transfer', outcome='failed')
    equal(e['code'], 603, 'code')
    c.wait('call', id=n, state='talking')
    c.quit()


def consult(caller, target, where):
    """Attended, Replaces honoured: the target lets our call go itself."""
    c = Console()
    n = c.call(caller.uri() if isinstance(caller, Linphone) else
               caller.uri('answer'))
    uri = where.uri() if isinstance(where, Linphone) else where.uri('echo')
    c.command('consult %d %s' % (n, uri))
    m = c.wait('call', state='talking', peer=uri)['id']
    c.command('complete %d' % n)
    e = c.wait('transfer', outcome='succeeded')
    equal(e['kind'], 'attended', 'kind')
    for k in (n, m):
        c.wait('call', id=k, state='ended', again=True)
    if isinstance(target, Linphone):
        target.wait_line(r'^Replaces:', again=True)
        target.wait_line(r'^BYE sip:cordpair@', again=True)
    c.quit()


def both():
    a, b = Linphone(user='l'), Linphone(user='m')
    consult(a, b, b)


def as_caller():
    bank = Bank()
    consult(Linphone(), bank, bank)


def as_target():
    p = Linphone()
    consult(Bank(), p, p)


ROWS = [
    ('transferee: target answers; no 180, malformed reason',
     lambda: transferee('target', {}, 0, 'succeeded', 'succeeded', 200)),
    ('transferee: target busy; the failure stays active',
     lambda: transferee('target_refuses', {'answer': '486 Busy Here'}, 10,
                        'failed', 'failed', 486)),
    ('transferee: no such target',
     lambda: transferee('target_refuses', {'answer': '404 Not Found'}, 16,
                        'failed', 'failed', 404)),
    ('transferee: target declines',
     lambda: transferee('target_refuses', {'answer': '603 Decline'}, 12,
                        'failed', 'failed', 603)),
    ('transferee: busy, caller back, second try', busy_caller_back),
    ('transferee: it called us', it_calls_us),
    ('it holds and resumes us', it_holds),
    ('target: rings, answers', target_answers),
    ('target: declines, caller back', target_declines),
    ('consultation, caller and target', both),
    ('consultation, as the caller', as_caller),
    ('consultation, as the target', as_target),
]

if __name__ == '__main__':
    peerlib.main('linphone', ROWS, ['linphonec', 'sipp'])
