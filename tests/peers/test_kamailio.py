# SPDX-License-Identifier: GPL-3.0-or-later
"""Kamailio 5.6 as registrar and record-routing proxy."""

import os
import re
import socket
import subprocess

import peerlib
from peerlib import (authority, HOST, Bank, Console, Once, Proc, check, equal, free_port,
                     in_order, steps, tmpdir, write)


class Kamailio(Proc):
    def __init__(self, sha256=True, decoy=None, cert=None, port=None):
        d = tmpdir('kamailio')
        self.port = port or free_port(2)
        self.tls_port = self.port + 1
        argv = ['kamailio', '-f', os.path.join(peerlib.HERE, 'kamailio.cfg'),
                '-DD', '-E', '-w', d, '-Y', d, '-P', os.path.join(d, 'pid'),
                '-m', '32', '-M', '4']
        for tp in ('udp', 'tcp'):
            argv += ['-l', '%s:%s:%d' % (tp, HOST, self.port)]
        if sha256:
            argv += ['-A', 'SHA256']
        if decoy:
            argv += ['-A', 'DECOY']
        if decoy == 'below':
            argv += ['-A', 'FIRST']
        if cert:
            conf = write(os.path.join(d, 'tls.cfg'), '''\
[server:default]
method = TLSv1.2+
verify_certificate = no
require_certificate = no
certificate = %s
private_key = %s
[client:default]
method = TLSv1.2+
verify_certificate = no
require_certificate = no
''' % cert)
            argv += ['-A', 'WITH_TLS', '--subst=!TLS_CONFIG!%s!' % conf,
                     '-l', 'tls:%s:%d' % (HOST, self.tls_port)]
        super().__init__('kamailio', argv, cwd=d)
        self.wait_line(r'script>: UP')
        self._ask()

    def _ask(self):
        """OPTIONS by TCP: those workers come last."""
        with socket.create_connection((HOST, self.port),
                                      peerlib.PATIENCE) as s:
            me = '%s:%d' % s.getsockname()
            s.sendall(('OPTIONS sip:%s:%d SIP/2.0\r\n'
                       'Via: SIP/2.0/TCP %s;branch=z9hG4bKup\r\n'
                       'From: <sip:%s>;tag=up\r\nTo: <sip:%s:%d>\r\n'
                       'Call-ID: up@%s\r\nCSeq: 1 OPTIONS\r\n'
                       'Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n' %
                       (HOST, self.port, me, me, HOST, self.port,
                        me)).encode())
            check(s.recv(4096).startswith(b'SIP/2.0 200'), 'kamailio is up')

    def at(self, transport):
        return '%s:%d' % (HOST, self.tls_port if transport == 'tls'
                          else self.port)


def config(kam, transport, user='100', password='secret', regint=60, ca=True,
           more=''):
    """A configuration with one account at this registrar."""
    secret = write(os.path.join(tmpdir('secret'), 'password'),
                   password + '\n', 0o600)
    text = more
    if transport == 'tls' and ca:
        text += 'set tls_ca %s\n' % authority().ca
    at = kam.at(transport)
    text += ('account sip:%s@%s transport=%s outbound=sip:%s regint=%d '
             'password_file=%s\n' % (user, at, transport, at, regint,
                                       secret))
    return text


def console(kam, transport, wait=True, **kw):
    c = Console(listen=[transport + ':' + HOST + ':PORT'],
                config=config(kam, transport, **kw))
    if wait:
        e = c.wait('account', again=True, state='registered')
        check(e['expires'] > 0, 'the registration has a duration: %r' % e)
    return c


def start(transport, **kw):
    cert = authority().good if transport == 'tls' else None
    return Kamailio(cert=cert, **kw)


def registers(transport, algorithm, decoy=None):
    kam = start(transport, sha256=algorithm == 'SHA-256', decoy=decoy)
    c = console(kam, transport)
    m = kam.wait_line(r'GOOD 100 \S+ (\S+)')
    equal(m.group(1), algorithm, 'algorithm of the answer')
    m = kam.wait_line(r'REGISTERED 100 (\w+) (\d+)')
    equal(m.group(1).lower(), transport, 'transport')
    equal(m.group(2), '60', 'expires asked for')
    c.quit()
    kam.wait_line(r'UNREGISTERED 100')


def wrong_password():
    kam = start('udp')
    c = console(kam, 'udp', wait=False, password='guess')
    e = c.wait('account', again=True, state='failed')
    check(e['code'] in (401, 403), 'its code is 401 or 403: %r' % e)
    check(re.search(r'(?i)password|login|refus|authori', e['text']),
          'the words name the password: %r' % e['text'])
    check('guess' not in '\n'.join(c.lines), 'the password is not shown')
    check('guess' not in open(c.trace).read(), 'nor in the trace')
    c.command('calls')                       # and the console lives on
    check(kam.count('WHO 100') <= 3, 'it does not hammer the registrar')
    equal(kam.count('GOOD'), 0, 'logins')
    c.quit()


def wrong_password_xfer():
    kam, bank = start('udp'), Bank()
    x = Once('xfer', bank.uri('answer'), bank.uri('echo'),
             config=config(kam, 'udp', user='walled', password='guess',
                           regint=0))
    equal(x.wait_exit(), 17, 'exit code: the first call failed')
    e = x.all('call', state='ended')[-1]
    check(e['code'] in (401, 403, 407), 'its code tells of the login: %r' % e)


def certificate_refused(which, words):
    kam = Kamailio(cert=getattr(authority(), which))
    c = console(kam, 'tls', wait=False)
    e = c.wait('account', again=True, state='failed')
    check(re.search(words, e['text']), 'the words name the certificate: %r' %
          e['text'])
    equal(kam.count('WHO|GOOD'), 0, 'requests sent over it')
    c.command('calls')
    c.quit()


def verify_off():
    kam = Kamailio(cert=authority().self_signed)
    c = console(kam, 'tls', ca=False, more='set tls_verify off\n')
    check([e for e in c.all('log') if e['level'] in ('warn', 'warning',
                                                     'error')],
          'it is said loudly')
    c.quit()


def restarted(transport):
    """Back on its port it knows nobody; a lost connection is told at once,
    and over UDP the refresh of a short registration comes soon."""
    kam = start(transport)
    c = console(kam, transport, regint=4 if transport == 'udp' else 600)
    port = kam.port
    kam.stop()
    kam = start(transport, port=port)
    kam.wait_line(r'REGISTERED 100', 40)
    c.wait('account', state='registered', patience=10)
    c.quit()


def proxied(transport, target, outcome, code):
    """Out by the proxy, held, transferred: all of it along the route."""
    kam, bank = start(transport), Bank()
    c = console(kam, transport)
    n = c.call(bank.uri('answer'))
    c.command('transfer %d %s' % (n, bank.uri(target)))
    e = c.wait('transfer', call=n, outcome=outcome)
    equal(e['code'], code, 'last status')
    in_order([s for s, _ in steps(c.all('transfer', call=n))],
             ['refer-requested', 'refer-accepted', 'trying',
              'succeeded' if outcome == 'succeeded' else 'failed'],
             'states')
    if outcome == 'succeeded':
        c.wait('call', id=n, state='ended', again=True)
    else:
        c.wait('call', id=n, state='talking')
        c.command('hangup %d' % n)
        c.wait('call', id=n, state='ended')
    c.quit()
    for method in ('ACK', 'INVITE', 'REFER', 'NOTIFY', 'BYE'):
        check(kam.count('INDIALOG %s' % method) > 0,
              'a %s went along the route' % method)
    equal(kam.count('NOROUTE'), 0, 'requests that lost their route')


def incoming(transport):
    """From outside to a registered console, which holds, resumes, hangs
    up."""
    kam = start(transport)
    c = console(kam, transport, user='200')
    out = Console(config='')
    out.command('dial sip:200@%s' % kam.at('udp'))
    e = c.wait('call', dir='in', state='ringing')
    n = e['id']
    c.command('answer %d' % n)
    out.wait('call', state='talking')
    c.wait('call', id=n, state='talking')     # its ACK has come
    c.command('hold %d' % n)
    c.wait('call', id=n, state='held')
    out.wait('call', remote_hold=True)
    c.command('resume %d' % n)
    c.wait('call', id=n, state='talking')
    out.wait('call', remote_hold=False)
    c.command('hangup %d' % n)
    out.wait('call', state='ended')
    c.wait('call', id=n, state='ended')
    equal(kam.count('NOROUTE'), 0, 'requests that lost their route')
    out.quit()
    c.quit()


def two_transports():
    """One console over UDP, one over TCP, the proxy between."""
    kam = start('udp')
    a = console(kam, 'udp', user='100')
    b = console(kam, 'tcp', user='200')
    a.command('dial 200')
    e = b.wait('call', dir='in', state='ringing')
    check('100@' in e['peer'], 'who calls: %r' % e['peer'])
    b.command('answer')
    a.wait('call', state='talking')
    b.command('hangup')
    a.wait('call', state='ended')
    equal(kam.count('NOROUTE'), 0, 'requests that lost their route')
    a.quit()
    b.quit()


def challenged_call():
    """407 to the INVITE is answered with the account's password."""
    kam, bank = start('udp'), Bank()
    c = Console(config=config(kam, 'udp', user='walled', regint=0))
    n = c.call(bank.uri('answer'))
    kam.wait_line('LETIN walled')
    c.command('hangup %d' % n)
    c.wait('call', id=n, state='ended')
    c.quit()


def not_there():
    kam = start('udp')
    c = console(kam, 'udp')
    for target, code in (('lost', 404), ('nobody', 480)):
        c.command('dial ' + target)
        e = c.wait('call', state='ended')
        equal(e['code'], code, 'dial ' + target)
    c.quit()


def consult():
    """Attended, both legs along the proxy."""
    kam, bank = start('udp'), Bank()
    c = console(kam, 'udp')
    n = c.call(bank.uri('answer'))
    c.command('consult %d %s' % (n, bank.uri('echo')))
    second = c.wait('call', state='talking', dir='out', peer=bank.uri('echo'))
    c.command('complete %d' % n)
    e = c.wait('transfer', call=n, outcome=('succeeded',
                                            'succeeded-inferred'))
    equal(e['kind'], 'attended', 'kind')
    c.wait('call', id=n, state='ended', again=True)
    c.wait('call', id=second['id'], state='ended', again=True)
    equal(kam.count('NOROUTE'), 0, 'requests that lost their route')
    c.quit()


ROWS = []
for tp in ('udp', 'tcp', 'tls'):
    ROWS += [
        ('registers over %s, MD5' % tp,
         lambda tp=tp: registers(tp, 'MD5')),
        ('registers over %s, SHA-256' % tp,
         lambda tp=tp: registers(tp, 'SHA-256')),
        ('registers over %s, SHA-256 above MD5: the first' % tp,
         lambda tp=tp: registers(tp, 'SHA-256', 'below')),
        ('registers over %s, MD5 above SHA-256: the first' % tp,
         lambda tp=tp: registers(tp, 'MD5', 'below')),
    ]
ROWS += [
    ('wrong password: said in words, no storm', wrong_password),
    ('wrong password: xfer ends with 17', wrong_password_xfer),
    ('TLS: certificate by nobody is refused',
     lambda: certificate_refused('self_signed', r'(?i)certificate|trust')),
    ('TLS: certificate for another name is refused',
     lambda: certificate_refused('named', r'(?i)certificate|name|trust')),
    ('TLS: tls_verify off takes any, and says so', verify_off),
    ('INVITE challenged with 407', challenged_call),
    ('404 and 480 of the proxy', not_there),
]
for tp in ('udp', 'tcp', 'tls'):
    ROWS += [
        ('transfer through it over %s: succeeds' % tp,
         lambda tp=tp: proxied(tp, 'echo', 'succeeded', 200)),
        ('transfer through it over %s: busy, caller back' % tp,
         lambda tp=tp: proxied(tp, 'busy', 'failed', 486)),
        ('call comes in over %s, hold, resume, hangup' % tp,
         lambda tp=tp: incoming(tp)),
        ('registrar restarted: registers again over %s' % tp,
         lambda tp=tp: restarted(tp)),
    ]
ROWS += [
    ('consultation through it', consult),
    ('UDP and TCP joined by it', two_transports),
]

if __name__ == '__main__':
    peerlib.main('kamailio', ROWS, ['kamailio', 'openssl'])
