#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The directory: names that are called, wrong lines told, importing."""

import json

import cli


class Directory(cli.Case):
    def setUp(self):
        super().setUp()
        (self.home / 'cordpair').mkdir()

    def directory(self, bank, *more, name='cordpair/directory.csv'):
        lines = ['name,number', f'Anna Answer,{bank.uri("answer")}',
                 f'Bert Busy,{bank.uri("busy")}', *more]
        return self.file(name, ''.join(line + '\n' for line in lines))

    def test_names_are_called(self):
        bank = self.bank()
        self.directory(bank)
        self.file('cordpair/directory.vcf',
                  'BEGIN:VCARD\nVERSION:3.0\nFN:Zoë Slow\n'
                  f'IMPP:{bank.uri("slow")}\nEND:VCARD\n')
        console = self.start('--plain', '--json', *cli.LOCAL)
        console.event('hello')
        self.assertTrue(console.command('dial anna')['ok'])
        console.event('call', state='talking', peer=bank.uri('answer'))
        self.assertTrue(console.command('transfer "zoe slow"')['ok'])
        console.event('transfer', target=bank.uri('slow'))
        # what is new in the file is known at the next command
        self.directory(bank, 'Anna Other,sip:other@127.0.0.1')
        reply = console.command('dial anna')
        self.assertFalse(reply['ok'])
        for word in ('Anna Answer', 'Anna Other', 'sip:other@127.0.0.1'):
            self.assertIn(word, reply['error'])

    def test_scripts_and_arguments_know_names_too(self):
        bank = self.bank()
        self.file('cordpair/config', 'set directory people.csv\n')
        self.directory(bank, name='people.csv')
        done = self.run_it('run', *cli.LOCAL, self.file(
            'script', 'dial "anna answer"\n'
                      'wait call state=talking 10\n'))
        self.assertEqual(0, done.code, str(done))
        done = self.run_it('call', '--for', '1', *cli.LOCAL, 'anna')
        self.assertEqual(0, done.code, str(done))
        done = self.run_it('xfer', *cli.LOCAL, 'anna', 'bert')
        self.assertEqual(10, done.code, str(done))
        self.directory(bank, 'Anna Other,other', name='people.csv')
        self.refuses('call', *cli.LOCAL, 'anna',
                     words=['TARGET', 'Anna Answer', 'Anna Other'])

    def test_wrong_lines_are_told_and_the_rest_is_read(self):
        bank = self.bank()
        path = self.directory(bank, 'nobody,', 'x,http://h')
        done = self.run_it('call', '--for', '1', *cli.LOCAL, 'anna')
        self.assertEqual(0, done.code, str(done))
        self.assertEqual(
            [f'{path}:4: the number is empty',
             f'{path}:5: only sip:, sips: and tel: can be called'],
            done.err_lines[:2], str(done))

    def test_import(self):
        bank = self.bank()
        self.file('more.csv', f'Anna Answer;{bank.uri("answer")}\n')
        console = self.start('--plain', '--json', *cli.LOCAL)
        console.event('hello')
        self.assertTrue(console.command('import more.csv')['ok'])
        said = [json.loads(line) for line in console.lines]
        self.assertIn('more.csv: 1 new, 0 changed, 0 known already',
                      [event['text'] for event in cli.only(said, 'log')])
        ours = self.home / 'cordpair/directory.csv'
        self.assertEqual('name,number,department,note\n'
                         f'Anna Answer,{bank.uri("answer")},,\n',
                         ours.read_text(encoding='utf-8'))
        self.assertEqual(0o600, ours.stat().st_mode & 0o777)
        self.assertTrue(console.command('dial anna')['ok'])
        console.event('call', state='talking')
        reply = console.command('import none.csv')
        self.assertFalse(reply['ok'])
        self.assertIn('none.csv: there is no such file', reply['error'])

    def test_directory_that_is_missing(self):
        name = self.file('one.conf', 'set directory none.csv\n')
        done = self.run_it('check-config', name)
        self.assertEqual(2, done.code, str(done))
        self.assertIn(f'{name}:1: ', done.err)
        self.assertIn('none.csv', done.err)


if __name__ == '__main__':
    cli.main()
