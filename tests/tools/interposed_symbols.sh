#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# interposed_symbols.sh PROGRAM
# Our timers take the place of libre's only while the program exports them:
# a -fvisibility=hidden or a lost --export-dynamic would not be noticed
# otherwise, the program would just be slow.
set -eu

status=0
exported=$(nm -D --defined-only "$1" | awk '$2 == "T" { print $3 }')
for symbol in tmr_start tmr_poll tmr_jiffies; do
	if ! echo "$exported" | grep -qx "$symbol"; then
		echo "$1 does not export $symbol"
		status=1
	fi
done
exit $status
