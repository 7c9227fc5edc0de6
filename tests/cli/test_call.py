#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""`call` to each phone of the bank: its exit code and its events."""

import json
import re
import signal
import socket
import threading

import cli

# phone: exit code, last code of the call
PHONES = {
    'answer': (0, 200),
    'anybody': (0, 200),
    'echo': (0, 200),
    'silent': (0, 200),
    'minimal': (0, 200),
    'early': (0, 200),
    'leaver': (0, 200),
    'norefer': (0, 200),
    'login': (0, 200),
    'busy': (10, 486),
    'unavailable': (11, 480),
    'decline': (12, 603),
    'unknown': (16, 404),
}


class Nameserver:
    """Knows no name."""

    def __init__(self):
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(('127.0.0.1', 0))
        self.port = self.sock.getsockname()[1]
        self.asked = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            query, peer = self.sock.recvfrom(4096)
            self.asked += 1
            end = 12
            while query[end]:
                end += query[end] + 1
            # the question again, without EDNS: NXDOMAIN
            self.sock.sendto(query[:2] + b'\x81\x83\0\1\0\0\0\0\0\0' +
                             query[12:end + 5], peer)


class Call(cli.Case):
    def call(self, target, *args, **kwargs):
        return self.run_it('call', *cli.LOCAL, '--for', '1', *args, target,
                           **kwargs)

    def test_exit_code_of_each_phone(self):
        bank = self.bank()
        done = self.run_all({phone: (
            'call', *cli.LOCAL, '--for', '1', bank.uri(phone))
            for phone in PHONES})
        for phone, (code, _) in PHONES.items():
            with self.subTest(phone=phone):
                self.assertEqual(code, done[phone].code, str(done[phone]))
                self.assertTrue(done[phone].out_lines, str(done[phone]))

    def test_events_of_each_phone(self):
        bank = self.bank()
        all_done = self.run_all({phone: (
            'call', *cli.LOCAL, '--for', '1', '--json', bank.uri(phone))
            for phone in PHONES})
        for phone, (code, last) in PHONES.items():
            with self.subTest(phone=phone):
                done = all_done[phone]
                self.assertEqual(code, done.code, str(done))
                events = cli.check_events(done.out_lines)
                self.assertEqual('hello', events[0]['ev'])
                calls = cli.only(events, 'call')
                self.assertEqual('dialing', calls[0]['state'])
                self.assertEqual('out', calls[0]['dir'])
                self.assertEqual('ended', calls[-1]['state'])
                talked = cli.only(events, 'call', state='talking')
                if code == 0:
                    self.assertTrue(talked, done.out)
                else:
                    self.assertFalse(talked, done.out)
                    self.assertEqual(last, calls[-1]['code'])

    def test_bank_tells_the_same(self):
        bank = self.bank()
        self.call(bank.uri('answer'))
        bank.event('call', dir='in', state='ended')
        states = [e['state'] for e in map(json.loads, bank.lines)
                  if e['ev'] == 'call']
        self.assertEqual(['ringing', 'talking', 'ended'],
                         list(dict.fromkeys(states)))
        cli.check_events(bank.lines)

    def test_it_is_heard_to_ring_first(self):
        bank = self.bank()
        events = cli.check_events(
            self.call(bank.uri('slow'), '--json').out_lines)
        states = list(dict.fromkeys(
            e['state'] for e in cli.only(events, 'call')))
        self.assertEqual(['dialing', 'ringing', 'talking', 'ended'], states)
        ring = cli.only(events, 'call', state='ringing')[0]['t']
        talk = cli.only(events, 'call', state='talking')[0]['t']
        end = cli.only(events, 'call', state='ended')[0]['t']
        self.assertAlmostEqual(5, talk - ring, delta=1)
        self.assertAlmostEqual(1, end - talk, delta=0.9)

    def test_peer_that_hangs_up_ends_it(self):
        bank = self.bank()
        program = self.start('call', '--json', *cli.LOCAL,
                             bank.uri('answer'))
        program.event('call', state='talking')
        bank.signal(signal.SIGTERM)
        self.assertEqual(0, bank.end().code)
        self.assertEqual(0, program.end().code, program.told())

    def test_tcp(self):
        bank = self.bank('--listen', 'tcp:127.0.0.1:0')
        done = self.run_it('call', '--json', '--for', '1', '--listen',
                           'tcp:127.0.0.1:0', '--transport', 'tcp',
                           bank.uri('answer', ';transport=tcp'))
        self.assertEqual(0, done.code, str(done))
        # it is the one who can be called back
        account = cli.only(cli.check_events(done.out_lines), 'account')[0]
        self.assertNotRegex(account['aor'], ':0$')

    def test_ipv6(self):
        try:
            with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
                sock.bind(('::1', 0))
        except OSError as why:
            self.skipTest(f'no IPv6 here: {why}')
        bank = self.bank('--listen', 'udp:[::1]:0')
        self.assertRegex(bank.hello['listen'][0], r'^udp:\[::1\]:\d+$')
        done = self.run_it('call', '--for', '1', '--listen', 'udp:[::1]:0',
                           f'sip:answer@[::1]:{bank.port}')
        self.assertEqual(0, done.code, str(done))

    def test_name_that_is_not_there(self):
        server = Nameserver()
        name = self.file('dns.conf',
                         f'set dns_server 127.0.0.1:{server.port}\n')
        done = self.call('sip:a@nowhere.invalid', '--config', name)
        self.assertEqual(16, done.code, str(done))
        self.assertIn('nowhere.invalid', done.out + done.err)
        self.assertGreater(server.asked, 0)

    def test_nobody_listens(self):
        port = cli.free_port(socket.SOCK_STREAM)
        done = self.run_it('call', '--listen', 'tcp:127.0.0.1:0',
                           f'sip:a@127.0.0.1:{port};transport=tcp')
        self.assertEqual(16, done.code, str(done))
        self.assertRegex(done.out + done.err, '(?i)refused|nothing listens')

    def test_no_network(self):
        apart = ['unshare', '--net', '--map-root-user']
        try:
            possible = cli.subprocess.run(
                [*apart, 'true'], capture_output=True, check=False)
        except FileNotFoundError:
            self.skipTest('no unshare')
        if possible.returncode:
            self.skipTest('no network namespaces here')
        # no address but those of the loopback, or none at all
        for setup, listen, words in (
                ('', '0.0.0.0:0', 'network|address'),
                ('ip link set lo up && ', '127.0.0.1:0', 'network')):
            if setup and not cli.shutil.which('ip'):
                continue
            result = cli.subprocess.run(
                [*apart, 'sh', '-c', f'{setup}exec "$@"', 'sh', cli.PROGRAM,
                 'call', '--listen', f'udp:{listen}', 'sip:a@192.0.2.1'],
                capture_output=True, text=True, timeout=cli.PATIENCE,
                env=cli.surroundings(self.home),
                stdin=cli.subprocess.DEVNULL, check=False)
            done = cli.Done(result.returncode, result.stdout, result.stderr)
            self.assertIn(done.code, (2, 16), str(done))
            self.assertRegex(done.out + done.err, f'(?i){words}')

    def test_port_in_use(self):
        for name, kind in (('udp', socket.SOCK_DGRAM),
                           ('tcp', socket.SOCK_STREAM)):
            with self.subTest(name=name), \
                    socket.socket(socket.AF_INET, kind) as sock:
                sock.bind(('127.0.0.1', 0))
                if name == 'tcp':
                    sock.listen()
                port = sock.getsockname()[1]
                for verb in (['--plain'], ['bank'], ['call', 'sip:a@[::1]']):
                    self.refuses(*verb, '--listen',
                                 f'{name}:127.0.0.1:{port}',
                                 words=[str(port), 'in use'])

    def test_garbage_does_not_end_the_bank(self):
        bank = self.bank()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            for datagram in (b'', b'\0' * 100, b'\xff' * 1400, b'\r\n\r\n',
                             b'SIP/2.0', b'SIP/2.0 99999999999 x\r\n\r\n',
                             b'INVITE sip:answer@127.0.0.1 SIP/2.0\r\n\r\n',
                             b'INVITE sip:answer@127.0.0.1 SIP/2.0\r\nVia:',
                             b'REFER x SIP/2.0\r\n' +
                             b'X-Much: ' + b'a' * 60000 + b'\r\n\r\n',
                             b'BYE sip:a SIP/2.0\r\n' +
                             b'A: b\r\n' * 10000 + b'\r\n'):
                sock.sendto(datagram, ('127.0.0.1', bank.port))
        self.assertEqual(0, self.call(bank.uri('answer')).code)


class Ending(cli.Case):
    def test_signals_hang_up_within_two_seconds(self):
        bank = self.bank()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            with self.subTest(signal=number.name):
                after = len(bank.lines)
                program = self.start('call', '--json', *cli.LOCAL,
                                     bank.uri('answer'))
                program.event('call', state='talking')
                program.signal(number)
                done = program.end(patience=3)
                self.assertGreaterEqual(done.code, 0, str(done))
                bank.event('call', after=after, state='ended')
                cli.check_events(done.out_lines)

    def test_signal_while_it_rings_cancels(self):
        bank = self.bank()
        program = self.start('call', '--json', *cli.LOCAL,
                             bank.uri('noanswer'))
        program.event('call', state='ringing')
        program.signal(signal.SIGTERM)
        program.end(patience=3)
        bank.event('call', state='ended')

    def test_bank_ends_by_signal(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            bank = self.bank()
            bank.signal(number)
            done = bank.end(patience=3)
            self.assertEqual((0, ''), (done.code, done.err), str(done))


class Registrar(cli.Case):
    """The bank takes registrations and routes to them."""

    def registered(self, bank, user, *params):
        program = self.start(
            '--plain', '--json', *cli.LOCAL, '--account',
            ';'.join((f'sip:{user}@127.0.0.1:{bank.port}', 'regint=300',
                      *params)))
        program.event('account', state='registered')
        return program

    def test_calls_go_to_who_is_registered(self):
        bank = self.bank()
        desk = self.registered(bank, 'busy')
        program = self.start('call', '--for', '1', *cli.LOCAL,
                             bank.uri('busy'))
        desk.event('call', dir='in', state='ringing')
        desk.type('answer')
        self.assertEqual(0, program.end().code, program.told())
        desk.type('quit')
        self.assertEqual(0, desk.end().code)
        # and after it has gone, the bank's own phone is back
        done = self.run_it('call', *cli.LOCAL, bank.uri('busy'))
        self.assertEqual(10, done.code, str(done))

    def test_reject(self):
        bank = self.bank()
        desk = self.registered(bank, 'desk')
        program = self.start('call', *cli.LOCAL, bank.uri('desk'))
        desk.event('call', dir='in', state='ringing')
        desk.type('reject')
        self.assertNotEqual(0, program.end().code)

    def test_login_wants_its_password(self):
        bank = self.bank()
        right = self.file('right', 'login\n')
        self.registered(bank, 'login', f'password_file={right}')
        wrong = self.file('wrong', 'geheim17\n')
        program = self.start(
            '--plain', '--json', *cli.LOCAL, '--account',
            f'sip:login@127.0.0.1:{bank.port};regint=300;'
            f'password_file={wrong}')
        failed = program.event('account', state='failed')
        self.assertIn(failed['code'], (401, 403))
        self.assertTrue(re.search('(?i)passw', failed['text']), failed)

    def test_password_command(self):
        bank = self.bank()
        self.registered(bank, 'login', 'password_command=echo login')


if __name__ == '__main__':
    cli.main()
