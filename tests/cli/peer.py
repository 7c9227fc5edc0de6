# SPDX-License-Identifier: GPL-3.0-or-later
"""A phone in a few lines of Python that can do what no phone should.

It answers every INVITE with 200 and everything else too; what it does about a
REFER the test says.  What it received is in .seen.
"""

import re
import socket
import threading

SDP = ('v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\n'
       't=0 0\r\nm=audio 9 RTP/AVP 0\r\na={}\r\n')
ANSWERS = {'sendonly': 'recvonly', 'inactive': 'inactive'}


def header(message, name):
    found = re.search(rf'(?im)^{name}[ \t]*:[ \t]*(.*?)\r?$', message)
    return found.group(1) if found else None


class Peer:
    """on_refer(peer, message) is called on the peer's own thread."""

    def __init__(self, on_refer, tcp=False):
        self.on_refer = on_refer
        self.tcp = tcp
        self.seen = []
        self.cseq = 100
        self.contact = None
        kind = socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM
        self.sock = socket.socket(socket.AF_INET, kind)
        self.sock.bind(('127.0.0.1', 0))
        if tcp:
            self.sock.listen()
        self.conn = None
        self.port = self.sock.getsockname()[1]
        self.uri = (f'sip:peer@127.0.0.1:{self.port}' +
                    (';transport=tcp' if tcp else ''))
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        if self.tcp:
            self.conn, _ = self.sock.accept()
        rest = b''
        while True:
            try:
                if not self.tcp:
                    data, self.address = self.sock.recvfrom(65536)
                    self._handle(data.decode('utf-8'))
                    continue
                more = self.conn.recv(65536)
            except OSError:
                return
            if not more:
                return
            rest += more
            while b'\r\n\r\n' in rest:
                head, body = rest.split(b'\r\n\r\n', 1)
                length = int(header(head.decode(), 'Content-Length') or 0)
                if len(body) < length:
                    break
                self._handle((head + b'\r\n\r\n' + body[:length]).decode())
                rest = body[length:]

    def _handle(self, message):
        if not message.strip():  # keeps a NAT open
            return
        self.seen.append(message)
        method = message.split(' ', 1)[0]
        if method.startswith('SIP/2.0') or method == 'ACK':
            return
        if method == 'INVITE':
            self.invite = message
            self.contact = re.search('<(.*?)>',
                                     header(message, 'Contact')).group(1)
            way = re.search('a=(sendonly|inactive)', message)
            self.reply(message, 200, 'OK',
                       SDP.format(ANSWERS[way.group(1)] if way
                                  else 'sendrecv'))
        elif method == 'REFER':
            self.on_refer(self, message)
        else:
            self.reply(message, 200, 'OK')

    def send(self, text):
        data = text.encode('utf-8')
        if self.tcp:
            self.conn.sendall(data)
        else:
            self.sock.sendto(data, self.address)

    def reply(self, request, code, reason, sdp=None, more=''):
        lines = [f'SIP/2.0 {code} {reason}']
        lines += [line.rstrip('\r') for line in request.split('\n')
                  if re.match('(?i)(via|from|call-id|cseq|record-route):',
                              line)]
        to = header(request, 'To')
        lines.append(f'To: {to}' + ('' if 'tag=' in to else ';tag=peer'))
        lines.append(f'Contact: <{self.uri}>')
        if more:
            lines.append(more)
        if sdp:
            lines.append('Content-Type: application/sdp')
        lines.append(f'Content-Length: {len(sdp or "")}')
        self.send('\r\n'.join(lines) + '\r\n\r\n' + (sdp or ''))

    def request(self, method, more='', body=''):
        """Sends a request inside the call."""
        self.cseq += 1
        to = header(self.invite, 'From')
        here = header(self.invite, 'To')
        here += '' if 'tag=' in here else ';tag=peer'
        kind = 'TCP' if self.tcp else 'UDP'
        self.send(f'{method} {self.contact} SIP/2.0\r\n'
                  f'Via: SIP/2.0/{kind} 127.0.0.1:{self.port}'
                  f';branch=z9hG4bKpeer{self.cseq};rport\r\n'
                  f'Max-Forwards: 70\r\nFrom: {here}\r\nTo: {to}\r\n'
                  f'Call-ID: {header(self.invite, "Call-ID")}\r\n'
                  f'CSeq: {self.cseq} {method}\r\n'
                  f'Contact: <{self.uri}>\r\n{more}'
                  f'Content-Length: {len(body.encode())}\r\n\r\n{body}')

    def notify(self, status, state):
        self.request('NOTIFY',
                     f'Event: refer\r\nSubscription-State: {state}\r\n'
                     'Content-Type: message/sipfrag;version=2.0\r\n',
                     f'{status}\r\n')

    def close(self):
        """Gone, as when its power is cut."""
        for sock in (self.conn, self.sock):
            if sock:
                # also wakes a thread that sits in recv()
                try:
                    sock.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
                sock.close()
