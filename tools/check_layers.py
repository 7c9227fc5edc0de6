#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""check_layers.py [TREE]: who includes what he may not?

Prints FILE:LINE: why, and exits 1 when there was any.  doc/ARCHITECTURE.md
draws the layers; this is the same, for a machine.
"""

import fnmatch
import pathlib
import re
import sys

# folder: the folders (or files) of ours it may use besides itself
MAY_USE = {
    'base': [],
    'app': ['base'],
    'ui': ['app', 'base'],
    'media': ['base', 'sip/recompat.h'],
    'sip': ['media', 'base'],
    '.': ['ui', 'app', 'sip', 'media', 'base'],
}

# system header: the only files that may include it
ONLY_IN = {
    r'(ncursesw?/)?(n?curses|term|panel)\.h': ['ui/term.c'],
    r'readline/.*': ['ui/prompt.c'],
    r're(_\w+)?\.h|re/.*': ['sip/recompat.h'],
    r'pthread\.h': ['base/*', 'sip/engine.c', 'sip/refer_sync.c',
                    'media/dev_*'],
    r'openssl/.*|ares\w*\.h': ['sip/*'],
    r'jansson\.h|pcap(/.*|\.h)': ['app/*'],
}

INCLUDE = re.compile(r'\s*#\s*include\s*([<"])([^>"]+)[>"]')


def why_not(path, folder, quote, name, tree):
    """Why the file at path may not include name; None: it may."""
    if quote == '"':
        top = name.split('/')[0]
        if folder == '.' and name == 'program.h':
            return None
        if '/' not in name or not (tree / name).is_file():
            return 'no such file, seen from the top of the tree'
        allowed = MAY_USE[folder]
        if top == folder or top in allowed or name in allowed:
            return None
        return f'{folder}/ may not use {top}/'
    for pattern, files in ONLY_IN.items():
        if re.fullmatch(pattern, name):
            if any(fnmatch.fnmatch(path, glob) for glob in files):
                return None
            return 'only ' + ', '.join(files) + ' may'
    return None


def violations(tree):
    for folder in MAY_USE:
        for file in sorted((tree / folder).glob('*.[ch]')):
            path = file.relative_to(tree).as_posix()
            lines = file.read_text(encoding='utf-8').splitlines()
            for number, line in enumerate(lines, 1):
                found = INCLUDE.match(line)
                if not found:
                    continue
                why = why_not(path, folder, *found.groups(), tree)
                if why:
                    yield f'{path}:{number}: {line.strip()}: {why}'


def main():
    tree = pathlib.Path(__file__).resolve().parent.parent
    if len(sys.argv) > 1:
        tree = pathlib.Path(sys.argv[1])
    count = 0
    for line in violations(tree):
        print(line)
        count += 1
    return 1 if count else 0


if __name__ == '__main__':
    sys.exit(main())
