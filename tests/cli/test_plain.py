#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The console in plain lines: what is typed wrong is refused, and it lives."""

import json
import os
import select
import signal
import subprocess
import time

import cli

# (command line, words of the refusal)
REFUSED = [
    ('frobnicate', ['frobnicate']),
    ('dial', ['dial']),
    ('dial sip:', ['sip:']),
    ('dial sip:a@[::1', []),
    ('dial "sip:a@127.0.0.1', ['quot']),
    ('dial sip:' + 'a' * 600 + '@127.0.0.1', []),
    ('dial sip:a@127.0.0.1 sip:b@127.0.0.1', []),
    ('hangup', ['no call']),
    ('hangup 99', ['99']),
    ('hangup -1', []),
    ('hangup 99999999999999999999', []),
    ('hangup all of them', []),
    ('answer 99', ['99']),
    ('hold 99', ['99']),
    ('resume 99', ['99']),
    ('transfer 99 sip:b@127.0.0.1', ['99']),
    ('transfer sip:b@127.0.0.1', ['no call']),
    ('transfer', []),
    ('consult 99 sip:b@127.0.0.1', ['99']),
    ('complete 99', ['99']),
    ('swap 99', ['99']),
    ('takeback 99', ['99']),
    ('join 98 99', ['98']),
    ('join 1', []),
    ('unwatch 99', ['99']),
    ('select 99', ['99']),
    ('register 99', ['99']),
    ('set', ['set']),
    ('set frob 1', ['frob']),
    ('set hold_warn soon', ['soon']),
    ('set transfer_timeout 1', ['60']),
    ('account nobody', ['nobody']),
    ('source none.conf', ['none.conf']),
    ('help frobnicate', ['frobnicate']),
    ('bind', ['bind']),
    ('wait call', ['script']),
    ('expect call state=talking', ['script']),
    ('sleep 1', ['script']),
]


class Plain(cli.Case):
    def console(self, *args):
        program = self.start('--plain', '--json', *cli.LOCAL, *args)
        program.event('hello')
        return program

    def leave(self, program):
        program.type('quit')
        done = program.end(patience=4)
        self.assertEqual(0, done.code, str(done))
        return done

    def test_each_refusal(self):
        program = self.console()
        for line, words in REFUSED:
            with self.subTest(line=line[:50]):
                reply = program.command(line)
                self.assertFalse(reply['ok'], reply)
                self.assertTrue(reply['error'].isprintable(), reply)
                for word in words:
                    self.assertIn(word, reply['error'])
        cli.check_events(self.leave(program).out_lines)

    def test_refusals_in_words_and_on_stderr(self):
        program = self.start('--plain', *cli.LOCAL)
        program.line('listens on udp:127.0.0.1:')
        program.type('frobnicate')
        program.error('frobnicate')
        program.type('hangup 99')
        program.error('99')
        program.type('transfer sip:b@127.0.0.1')
        program.error('no call')
        done = self.leave(program)
        self.assertEqual(3, len(done.err_lines), str(done))

    def test_empty_lines_and_comments_are_nothing(self):
        program = self.console()
        program.type('', '   ', '# dial sip:a@127.0.0.1', '\t')
        reply = program.command('calls')
        self.assertEqual('calls', reply['command'])
        self.assertEqual(1, len([l for l in program.lines
                                 if '"reply"' in l]))
        self.leave(program)

    def test_one_reply_for_each_line(self):
        program = self.console()
        lines = ['calls', 'transfers', 'accounts', 'frobnicate', 'help',
                 'help dial', 'set hold_warn 60', 'hangup 7']
        program.type(*lines)
        program.wait('replies', lambda: sum(
            '"reply"' in line for line in program.lines) == len(lines))
        events = cli.check_events(self.leave(program).out_lines)
        replies = cli.only(events, 'reply')[:len(lines)]
        self.assertEqual([line.split()[0] for line in lines],
                         [r['command'] for r in replies])
        serials = [r['serial'] for r in replies]
        self.assertEqual(sorted(set(serials)), serials)
        self.assertEqual([True, True, True, False, True, True, True, False],
                         [r['ok'] for r in replies])

    def test_a_call_that_is_gone(self):
        bank = self.bank()
        program = self.console()
        program.type(f'dial {bank.uri("answer")}')
        number = program.event('call', state='talking')['id']
        program.type(f'hangup {number}')
        program.event('call', id=number, state='ended')
        for command in ('hangup', 'hold', 'resume', 'transfer'):
            line = f'{command} {number}'
            if command == 'transfer':
                line += ' sip:b@127.0.0.1'
            reply = program.command(line)
            self.assertFalse(reply['ok'], reply)
            self.assertIn(str(number), reply['error'])
        self.leave(program)

    def test_target_is_the_caller(self):
        bank = self.bank()
        program = self.console()
        program.type(f'dial {bank.uri("answer")}')
        program.event('call', state='talking')
        after = len(program.lines)
        program.type(f'transfer {bank.uri("answer")}')
        program.event('reply', after=after, ok=False)
        # and the call is as it was
        program.type('hold')
        program.event('call', state='held')
        self.leave(program)

    def test_hold_resume_consult_swap_takeback_join(self):
        bank = self.bank()
        program = self.console()
        program.type(f'dial {bank.uri("answer")}')
        one = program.event('call', state='talking')['id']
        after = len(program.lines)
        program.type(f'hold {one}')
        program.event('call', after=after, id=one, state='held')
        after = len(program.lines)
        program.type(f'resume {one}')
        program.event('call', after=after, id=one, state='talking')
        after = len(program.lines)
        program.type(f'consult {one} {bank.uri("echo")}')
        program.event('call', after=after, id=one, state='held')
        two = program.wait('second call', lambda: [
            e for e in cli.only(map(json.loads, program.lines), 'call',
                                state='talking') if e['id'] != one])[0]['id']
        after = len(program.lines)
        program.type(f'swap {two}')
        program.event('call', after=after, id=two, state='held')
        program.event('call', after=after, id=one, state='talking')
        after = len(program.lines)
        program.type(f'takeback {one}')
        program.event('call', after=after, id=two, state='ended')
        program.type(f'dial {bank.uri("echo")}')
        three = program.event('call', after=after, state='talking',
                              dir='out', peer=bank.uri('echo'))['id']
        program.type(f'join {one} {three}')
        last = program.event('transfer', outcome='succeeded')
        self.assertEqual('attended', last['kind'])
        cli.check_events(self.leave(program).out_lines)

    def test_stdin_that_ends(self):
        for stdin in ('', 'calls\n', 'calls'):
            done = self.run_it('--plain', '--json', *cli.LOCAL, stdin=stdin)
            self.assertEqual(0, done.code, str(done))
            cli.check_events(done.out_lines)

    def test_stdin_that_is_closed(self):
        result = subprocess.run(
            ['sh', '-c', '"$0" --plain --listen udp:127.0.0.1:0 <&-',
             cli.PROGRAM], capture_output=True, text=True, timeout=10,
            env=cli.surroundings(self.home), check=False)
        self.assertIn(result.returncode, (0, 1), result)

    def test_stdin_that_is_a_directory(self):
        with_fd = os.open(self.home, os.O_RDONLY)
        try:
            done = self.run_it('--plain', *cli.LOCAL, stdin=with_fd)
        finally:
            os.close(with_fd)
        self.assertIn(done.code, (0, 1), str(done))

    def test_stdin_of_garbage(self):
        done = subprocess.run(
            [cli.PROGRAM, '--plain', '--json', *cli.LOCAL], timeout=10,
            input=b'\xff\xfe\0\x1b[2J\n' + b'x' * 100000 + b'\ncalls\nquit\n',
            capture_output=True, env=cli.surroundings(self.home),
            check=False)
        self.assertEqual(0, done.returncode, done)
        out = done.stdout.decode('utf-8')  # or raises
        events = cli.check_events(out.splitlines())
        replies = cli.only(events, 'reply')
        self.assertEqual([False, False, True],
                         [r['ok'] for r in replies][:3])
        self.assertNotIn('\x1b', out)
        self.assertNotIn(b'\x1b', done.stderr)

    def test_stdout_that_nobody_reads_any_more(self):
        # a pipe of which the reading end is closed while it runs
        read, write = os.pipe()
        process = subprocess.Popen(
            [cli.PROGRAM, '--plain', *cli.LOCAL], stdin=subprocess.PIPE,
            stdout=write, stderr=subprocess.PIPE,
            env=cli.surroundings(self.home))
        os.close(write)
        self.assertTrue(select.select([read], [], [], cli.PATIENCE)[0])
        os.close(read)
        process.stdin.write(b'calls\nhelp\ncalls\n')
        process.stdin.flush()
        try:
            _, err = process.communicate(timeout=cli.PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        self.assertGreaterEqual(process.returncode, 0, 'killed by a signal')
        self.assertEqual(1, process.returncode, err)

    def test_stdout_that_is_closed_or_full(self):
        for redirection in ('>&-', '>/dev/full'):
            with self.subTest(redirection=redirection):
                result = subprocess.run(
                    ['sh', '-c', '"$0" --plain --listen udp:127.0.0.1:0 '
                     + redirection, cli.PROGRAM], stderr=subprocess.PIPE,
                    text=True, input='calls\ncalls\nquit\n', timeout=10,
                    env=cli.surroundings(self.home), check=False)
                done = cli.Done(result.returncode, '', result.stderr)
                self.assertEqual(1, done.code, str(done))
                self.one_line(done)

    def test_signals(self):
        bank = self.bank()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            with self.subTest(signal=number.name):
                after = len(bank.lines)
                program = self.console()
                program.type(f'dial {bank.uri("answer")}')
                program.event('call', state='talking')
                begin = time.monotonic()
                program.signal(number)
                done = program.end()
                self.assertLess(time.monotonic() - begin, 2.5)
                self.assertEqual(0, done.code, str(done))
                bank.event('call', after=after, state='ended')
                cli.check_events(done.out_lines)


if __name__ == '__main__':
    cli.main()
