#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A phone that means no good: what it calls itself, why it ends and what it
reports of a transfer is made to get at the terminal.

    hostile.py          prints its address, then obeys lines on stdin:
    ring                call whoever called; what it is called is hostile
    end                 hang up, with a hostile Reason
    report CODE         as the one who was asked to transfer: NOTIFY a sipfrag
                        with a hostile reason; from 200 on the last one

Each answer to what comes in has a hostile reason phrase, too.
"""

import os
import re
import select
import socket
import sys

# ESC ]52 (the clipboard), an 8 bit CSI, a BEL; C1 as UTF-8; right to left
# override; zero width; 64 marks on one letter; a byte that is no UTF-8
EVIL = (b'A\x1b]52;c;ZXZpbA==\x07B\x9b2J\xc2\x9b31mC\xe2\x80\xaeD\xe2\x80\x8bE'
        b'\xef\xbb\xbfe' + b'\xcc\x81' * 64 + b'\xff\xc0\x80Z')

# In a From header those are refused that no header may have
NAME = bytes(c for c in EVIL if c >= 32)

BODY = (b'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=' + EVIL.replace(b'\x1b', b'')
        + b'\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n')


def header(msg, name):
    """All values of a header, as one line of bytes each."""
    return re.findall(rb'^' + name + rb'[ \t]*:[ \t]*(.*?)\r$', msg,
                      re.M | re.I)


class Phone:
    def __init__(self):
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(('127.0.0.1', 0))
        self.at = b'127.0.0.1:%d' % self.sock.getsockname()[1]
        self.peer = None    # address of the console
        self.invite = None  # the dialog: (from, to, call-id)
        self.target = None
        self.cseq = 0
        self.acked = False

    def send(self, *lines, body=b'', ctype=b'application/sdp'):
        lines += (b'Contact: <sip:evil@%s>' % self.at,
                  b'Content-Length: %d' % len(body))
        if body:
            lines += (b'Content-Type: ' + ctype,)
        self.sock.sendto(b'\r\n'.join(lines) + b'\r\n\r\n' + body, self.peer)

    def request(self, method, *more, **kw):
        ours, theirs, call = self.invite
        if method != b'ACK':
            self.cseq += 1
        self.send(b'%s %s SIP/2.0' % (method, self.target),
                  b'Via: SIP/2.0/UDP %s;branch=z9hG4bK%d%s'
                  % (self.at, self.cseq, method),
                  b'Max-Forwards: 70', b'From: ' + ours, b'To: ' + theirs,
                  b'Call-ID: ' + call,
                  b'CSeq: %d %s' % (self.cseq, method), *more, **kw)

    def ring(self):
        self.target = b'sip:me@%s:%d' % (self.peer[0].encode(), self.peer[1])
        self.invite = (b'"%s" <sip:evil@%s>;tag=1' % (NAME, self.at),
                       b'<%s>' % self.target, b'evil-call')
        self.request(b'INVITE', b'Subject: ' + EVIL, body=BODY)

    def answer(self, msg, code, reason, *more, body=b''):
        to = header(msg, b'To')[0]
        if b'tag=' not in to:
            to += b';tag=2'
        self.send(b'SIP/2.0 %d %s' % (code, reason),
                  *(b'Via: ' + via for via in header(msg, b'Via')),
                  b'From: ' + header(msg, b'From')[0], b'To: ' + to,
                  b'Call-ID: ' + header(msg, b'Call-ID')[0],
                  b'CSeq: ' + header(msg, b'CSeq')[0], *more, body=body)

    def take(self, msg, peer):
        self.peer = peer
        first = msg.split(b'\r\n', 1)[0]
        if first.startswith(b'SIP/2.0 2') and b'INVITE' in \
                header(msg, b'CSeq')[0]:
            self.invite = (self.invite[0], header(msg, b'To')[0],
                           self.invite[2])
            contact = re.search(rb'<(.*?)>', header(msg, b'Contact')[0])
            self.target = contact.group(1)
            self.request(b'ACK')
            print('talking', flush=True)
        elif first.startswith(b'SIP/2.0'):
            pass
        elif first.startswith(b'INVITE') and \
                b'tag=' not in header(msg, b'To')[0]:
            self.answer(msg, 486, EVIL)
        elif first.startswith(b'INVITE'):
            self.answer(msg, 200, EVIL, body=BODY)
        elif first.startswith(b'REFER'):
            self.answer(msg, 202, EVIL)
            print('asked', flush=True)
        elif not first.startswith(b'ACK'):
            self.answer(msg, 200, EVIL)

    def report(self, code):
        state = b'terminated;reason=noresource' if code >= 200 else \
            b'active;expires=60'
        self.request(b'NOTIFY', b'Event: refer',
                     b'Subscription-State: ' + state,
                     body=b'SIP/2.0 %d ' % code + EVIL + b'\r\n',
                     ctype=b'message/sipfrag;version=2.0')

    def obey(self, line):
        word, _, rest = line.strip().partition(' ')
        if word == 'ring':
            self.ring()
        elif word == 'report':
            self.report(int(rest))
        elif word == 'end':
            self.request(b'BYE', b'Reason: SIP;cause=200;text="%s"' % EVIL)

    def run(self):
        print(self.at.decode(), flush=True)
        while True:
            for ready in select.select([self.sock, 0], [], [])[0]:
                if ready is self.sock:
                    self.take(*self.sock.recvfrom(65536))
                    continue
                line = os.read(0, 4096).decode()
                if not line:
                    return
                for one in line.splitlines():
                    self.obey(one)


if __name__ == '__main__':
    sys.exit(Phone().run())
