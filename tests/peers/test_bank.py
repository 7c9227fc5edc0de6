# SPDX-License-Identifier: GPL-3.0-or-later
"""Our own bank: every phone of it, as a called party and as the one who is
asked to transfer."""

import os

import peerlib
from peerlib import (HOST, authority, Bank, Console, Once, check, equal, in_order, steps,
                     tmpdir, told_once, write, xfer)


def shared(cache=[]):
    """One bank does for all rows that only look at themselves."""
    if not cache or cache[0].p.poll() is not None:
        cache[:] = [Bank()]
        cache[0].shared = True
    return cache[0]


def called(user, code, ended=None, args=()):
    """cordpair call USER: exit code, and the code the call ends with."""
    c = Once('call', *args, shared().uri(user))
    equal(c.wait_exit(), code, 'exit code of call ' + user)
    e = c.all('call', state='ended')
    equal(len(e), 1, 'number of ended calls')
    if ended:
        equal(e[0]['code'], ended, 'how it ended')
    return c


def transferred(caller, target, code, outcome, states=(), args=(), kind=None,
                never=(), **kw):
    b = shared()
    got, events, x = xfer(b.uri(caller), b.uri(target), *args, **kw)
    equal(told_once(events), outcome, 'outcome')
    equal(got, code, 'exit code')
    seen = [st for st, _ in steps(events)]
    in_order(seen, list(states), 'states')
    for st in never:
        check(st not in seen, '%s was not told' % st)
    if kind:
        equal(events[-1]['kind'], kind, 'kind')
    return events


def over_tls(trusted):
    """Both ends ours: with a certificate by a CA, or with the bank's own."""
    if trusted:
        cert, key = authority().good
        both = write(os.path.join(tmpdir('bank-cert'), 'both.pem'),
                     open(cert).read() + open(key).read(), 0o600)
        ours = 'set tls_ca %s\n' % authority().ca
        bank = Bank(config=ours + 'set tls_cert %s\n' % both,
                    transports=['tls'])
    else:
        ours = 'set tls_verify off\n'
        bank = Bank(config=ours, transports=['tls'])
    conf = write(os.path.join(tmpdir('tls'), 'config'), ours)
    got, events, x = xfer(bank.uri('answer') + ';transport=tls',
                          bank.uri('echo') + ';transport=tls',
                          '--transport', 'tls', '--config', conf,
                          '--listen', 'tls:%s:0' % HOST)
    equal(told_once(events), 'succeeded', 'outcome')
    equal(got, 0, 'exit code')


def talks():
    c = called('echo', 0, args=['--for', '1'])
    e = c.all('call', state='talking')
    check(e, 'it talked')


def login(good):
    secret = write(os.path.join(tmpdir('secret'), 'password'),
                   'login\n' if good else 'guess\n', 0o600)
    conf = ('account sip:me@%s regint=0 auth_user=login password_file=%s\n'
            % (HOST, secret))
    if good:
        transferred('login', 'answer', 0, 'succeeded', config=conf)
    else:
        transferred('login', 'answer', 13, 'rejected', config=conf)


def registered():
    """What is registered goes before the bank's own phones."""
    b = shared()
    conf = ('account sip:desk@%s:%d outbound=sip:%s:%d regint=60\n' %
            (HOST, b.port, HOST, b.port))
    c = Console(config=conf)
    c.wait('account', again=True, state='registered')
    out = Console()
    out.command('dial ' + b.uri('desk'))
    e = c.wait('call', dir='in', state='ringing')
    c.command('answer %d' % e['id'])
    out.wait('call', state='talking')
    out.command('hangup')
    c.wait('call', id=e['id'], state='ended')
    out.quit()
    c.quit()


def refused():
    """The console declines a REFER: the bank's caller stays with us."""
    b = shared()
    a, c = Console(name='a'), Console(name='b')
    a.command('dial sip:b@%s:%d' % (HOST, c.port))
    e = c.wait('call', dir='in', state='ringing')
    c.command('answer %d' % e['id'])
    n = a.wait('call', state='talking')['id']
    a.command('transfer %d %s' % (n, b.uri('answer')))
    t = a.wait('transfer', outcome='rejected')
    equal(t['code'], 603, 'answer to the REFER')
    a.wait('call', id=n, state='talking')      # not held any more
    a.command('hangup')
    c.wait('call', id=e['id'], state='ended')
    a.quit()
    c.quit()


def consult_console():
    """Consult, swap, take back: nobody is lost."""
    b, c = shared(), Console()
    n = c.call(b.uri('answer'))
    c.command('consult %d %s' % (n, b.uri('echo')))
    c.wait('call', id=n, state='held', again=True)
    m = c.wait('call', state='talking', peer=b.uri('echo'))['id']
    c.command('swap %d' % n)
    c.wait('call', id=m, state='held')
    c.wait('call', id=n, state='talking')
    c.command('takeback %d' % n)
    c.wait('call', id=m, state='ended')
    c.command('hangup %d' % n)
    c.wait('call', id=n, state='ended')
    c.quit()


def join():
    b, c = shared(), Console()
    n = c.call(b.uri('answer'))
    m = c.call(b.uri('echo'))
    c.command('join %d %d' % (n, m))
    e = c.wait('transfer', outcome=('succeeded', 'succeeded-inferred'))
    equal(e['kind'], 'attended', 'kind')
    for k in (n, m):
        c.wait('call', id=k, state='ended', again=True)
    c.quit()


def stops():
    """SIGTERM: all calls end, exit 0."""
    b, c = Bank(), Console()
    n = c.call(b.uri('answer'))
    equal(b.stop(), 0, 'exit code of the bank')
    c.wait('call', id=n, state='ended')
    c.quit()


WHOLE = ['refer-requested', 'refer-accepted', 'trying', 'alerted']
ROWS = [
    ('call busy', lambda: called('busy', 10, 486)),
    ('call decline', lambda: called('decline', 12, 603)),
    ('call unknown', lambda: called('unknown', 16, 404)),
    ('call unavailable', lambda: called('unavailable', 11, 480)),
    ('call echo --for 1', talks),
    ('answer -> echo', lambda: transferred(
        'answer', 'echo', 0, 'succeeded', ['trying', 'succeeded'])),
    ('answer -> answer: to himself is refused', lambda: equal(
        xfer(shared().uri('answer'), shared().uri('answer'))[0], 2,
        'exit code')),
    ('echo -> answer', lambda: transferred(
        'echo', 'answer', 0, 'succeeded', WHOLE + ['succeeded'])),
    ('answer -> slow', lambda: transferred(
        'answer', 'slow', 0, 'succeeded', WHOLE + ['succeeded'])),
    ('slow -> answer', lambda: transferred(
        'slow', 'answer', 0, 'succeeded', WHOLE + ['succeeded'])),
    ('answer -> busy', lambda: transferred(
        'answer', 'busy', 10, 'failed', ['trying', 'failed'],
        never=['alerted'])),
    ('answer -> decline', lambda: transferred(
        'answer', 'decline', 12, 'failed', ['trying', 'failed'])),
    ('answer -> unknown', lambda: transferred(
        'answer', 'unknown', 16, 'failed', ['trying', 'failed'])),
    ('answer -> unavailable', lambda: transferred(
        'answer', 'unavailable', 11, 'failed', ['trying', 'failed'])),
    ('answer -> noanswer, given up by --timeout', lambda: transferred(
        'answer', 'noanswer', 19, 'timed-out', WHOLE,
        args=['--timeout', '5'])),
    ('silent, given up by --timeout', lambda: transferred(
        'silent', 'answer', 19, 'timed-out', ['refer-accepted'],
        args=['--timeout', '5'], never=['trying'])),
    ('minimal -> answer', lambda: transferred(
        'minimal', 'answer', 15, 'unknown', ['trying'])),
    ('early -> answer', lambda: transferred(
        'early', 'answer', 0, 'succeeded', ['trying', 'alerted',
                                            'succeeded'])),
    ('leaver -> answer', lambda: transferred(
        'leaver', 'answer', 0, 'succeeded', ['trying', 'succeeded'])),
    ('norefer -> answer', lambda: transferred(
        'norefer', 'answer', 13, 'rejected', ['refer-rejected'])),
    ('login -> answer, with the password', lambda: login(True)),
    ('login -> answer, with a wrong one', lambda: login(False)),
    ('busy as the caller: the first call failed', lambda: equal(
        xfer(shared().uri('busy'), shared().uri('answer'))[0], 17,
        'exit code')),
    ('TLS, certificate by a CA', lambda: over_tls(True)),
    ('TLS, the bank\'s own certificate', lambda: over_tls(False)),
    ('--no-hold', lambda: transferred(
        'answer', 'echo', 0, 'succeeded', args=['--no-hold'])),
    ('--release', lambda: transferred(
        'answer', 'echo', 0, 'succeeded', args=['--release'])),
    ('--attended', lambda: transferred(
        'answer', 'echo', 0, 'succeeded', args=['--attended'],
        kind='attended')),
    ('--semi', lambda: transferred(
        'answer', 'slow', 0, 'succeeded', args=['--semi'], kind='semi')),
    ('consult, swap, takeback', consult_console),
    ('join', join),
    ('REFER to the console is declined', refused),
    ('registered at the bank', registered),
    ('SIGTERM to the bank', stops),
]

if __name__ == '__main__':
    peerlib.main('bank', ROWS)
