#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""embed.py ARRAY FILE...: print FILEs as `const struct builtin ARRAY[]`."""
import pathlib
import sys

files = [pathlib.Path(name) for name in sys.argv[2:]]

print('/* made by tools/embed.py */')
print('#include <stddef.h>\n\n#include "app/builtin.h"')
for file in files:
    print(f'\nstatic const char *const lines_{file.stem}[] = {{')
    for line in file.read_text(encoding='utf-8').splitlines():
        text = line.replace('\\', '\\\\').replace('"', '\\"')
        print(f'\t"{text}",')
    print('\tNULL,\n};')
print(f'\nconst struct builtin {sys.argv[1]}[] = {{')
for file in files:
    print(f'\t{{"{file.stem}", "{file.name}", lines_{file.stem}}},')
print('\t{NULL, NULL, NULL},\n};')
