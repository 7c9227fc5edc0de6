#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""embed.py FILE NAME: print FILE as the C string `const char NAME[]`."""
import sys

with open(sys.argv[1], encoding='utf-8') as f:
    lines = f.read().splitlines()

print('/* made of', sys.argv[1].rsplit('/', 1)[-1], '*/')
print(f'extern const char {sys.argv[2]}[];')
print(f'const char {sys.argv[2]}[] =')
for line in lines:
    text = line.replace('\\', '\\\\').replace('"', '\\"')
    print(f'\t"{text}\\n"')
print('\t"";')
