#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does every source file begin with its licence?"""

import pathlib
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
LICENCE = 'SPDX-License-Identifier: GPL-3.0-or-later'
BORN_BARE = ('.git', 'build')  # what begins so is none of ours


def main():
    bad = 0
    seen = 0
    for path in sorted(TOP.rglob('*.*')):
        name = path.relative_to(TOP)
        if name.parts[0].startswith(BORN_BARE) or not path.is_file():
            continue
        with path.open(encoding='utf-8', errors='replace') as file:
            first = file.readline().rstrip('\n')
            second = file.readline().rstrip('\n')
        if path.suffix in ('.c', '.h'):
            good = first == f'/* {LICENCE} */'
        elif path.suffix in ('.sh', '.py'):
            good = f'# {LICENCE}' in (first, second)
        else:
            continue
        seen += 1
        if not good:
            print(f'{name}: begins with: {first}')
            bad += 1
    print(f'{seen} files, {bad} without "{LICENCE}"')
    return 1 if bad or not seen else 0


if __name__ == '__main__':
    sys.exit(main())
