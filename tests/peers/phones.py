# SPDX-License-Identifier: GPL-3.0-or-later
"""baresip and linphonec, without sound, each in a directory of its own."""

import json
import os
import re
import socket
import threading
import time

from peerlib import (HOST, PATIENCE, Failed, Proc, check, free_port, tmpdir,
                     write)


def _module_dir():
    for d in ('/usr/lib/baresip/modules',
              '/usr/lib/x86_64-linux-gnu/baresip/modules',
              '/usr/local/lib/baresip/modules'):
        if os.path.isdir(d):
            return d
    return '/usr/lib/baresip/modules'


class Baresip(Proc):
    """Driven over ctrl_tcp: netstrings of JSON."""

    def __init__(self, answers=True, user='b'):
        d = tmpdir('baresip')
        self.port = free_port()
        self.ctrl_port = free_port()
        write(os.path.join(d, 'config'), '''\
poll_method		epoll
sip_listen		%s:%d
call_local_timeout	60
call_max_calls		8
audio_player		aubridge,null
audio_source		aubridge,null
audio_alert		aubridge,null
audio_channels		1
rtp_ports		%d-%d
ctrl_tcp_listen		%s:%d
module_path		%s
module			g711.so
module			aubridge.so
module_tmp		account.so
module_app		menu.so
module_app		ctrl_tcp.so
''' % (HOST, self.port, free_port(8), 65000, HOST, self.ctrl_port,
            _module_dir()))
        write(os.path.join(d, 'accounts'),
              '<sip:%s@%s:%d>;regint=0%s\n' %
              (user, HOST, self.port, ';answermode=auto' if answers else ''))
        write(os.path.join(d, 'contacts'), '')
        self.user = user
        self.s = None
        super().__init__('baresip', ['baresip', '-s', '-f', d], cwd=d)
        self.wait_line('baresip is ready')
        self.s = socket.create_connection((HOST, self.ctrl_port), PATIENCE)
        self.buf = b''

    def uri(self):
        return 'sip:%s@%s:%d' % (self.user, HOST, self.port)

    def command(self, name, params=''):
        body = json.dumps({'command': name, 'params': params,
                           'token': name}).encode()
        self.s.sendall(b'%d:%s,' % (len(body), body))
        return self._until(lambda m: m.get('response') and
                           m.get('token') == name)

    def wait_event(self, kind):
        return self._until(lambda m: m.get('event') and m['type'] == kind)

    def _until(self, holds):
        end = time.monotonic() + PATIENCE
        while True:
            m = self._message(end)
            if holds(m):
                return m

    def _message(self, end):
        while True:
            m = re.match(rb'(\d+):', self.buf)
            if m:
                n = int(m.group(1))
                whole = m.end() + n + 1
                if len(self.buf) >= whole:
                    body = self.buf[m.end():m.end() + n]
                    self.buf = self.buf[whole:]
                    return json.loads(body)
            left = end - time.monotonic()
            if left <= 0:
                raise Failed('baresip: nothing on ctrl_tcp')
            self.s.settimeout(left)
            try:
                more = self.s.recv(65536)
            except socket.timeout:
                raise Failed('baresip: nothing on ctrl_tcp') from None
            if not more:
                raise Failed('baresip closed ctrl_tcp')
            self.buf += more

    def stop(self, *a, **kw):
        if self.s:
            self.s.close()
        return super().stop(*a, **kw)


class Linphone(Proc):
    """linphonec, driven by its standard input; -d 6 shows its messages."""

    def __init__(self, answers=True, user='l'):
        d = tmpdir('linphone')
        os.makedirs(os.path.join(d, '.local', 'share', 'linphone'))
        self.port = free_port()
        self.user = user
        rtp = free_port(8)
        rc = write(os.path.join(d, 'rc'), '''\
[sip]
sip_port=%d
sip_tcp_port=0
sip_tls_port=0
contact="%s" <sip:%s@%s:%d>
use_ipv6=0
keepalive_period=0
[net]
bind_address=%s
mtu=0
[rtp]
audio_rtp_port=%d-%d
[sound]
use_files=1
[video]
enabled=0
capture=0
display=0
[misc]
uuid=00000000-0000-4000-8000-000000000001
''' % (self.port, user, user, HOST, self.port, HOST, rtp, rtp + 7))
        argv = ['linphonec', '-c', rc, '-d', '6', '-l', '/dev/stdout']
        if answers:
            argv.append('-a')
        super().__init__('linphonec', argv, cwd=d)
        self.type('ipv6 disable')   # else it offers a media address of IPv6
        self.type('soundcard use files')
        self.wait_line('Using wav files')

    def uri(self):
        return 'sip:%s@%s:%d' % (self.user, HOST, self.port)
