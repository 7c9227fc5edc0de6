#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# man_page.sh PAGE: has mandoc anything to say against it?
set -eu

if ! command -v mandoc >/dev/null 2>&1; then
	echo 'SKIPPED: mandoc is not installed' >&2
	exit 77
fi
# a page that is empty has no faults either
if ! mandoc -T utf8 "$1" | grep -q cordpair; then
	echo "$1: does not mention cordpair"
	exit 1
fi
exec mandoc -T lint -W style "$1"
