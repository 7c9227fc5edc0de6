#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# man_page.sh PAGE...: has mandoc anything to say against them?
set -eu

if ! command -v mandoc >/dev/null 2>&1; then
	echo 'SKIPPED: mandoc is not installed' >&2
	exit 77
fi
for page; do
	# a page that is empty has no faults either
	if ! mandoc -T utf8 "$page" | grep -q cordpair; then
		echo "$page: does not mention cordpair"
		exit 1
	fi
done
# the pages name each other before they are installed
said=$(mandoc -T lint -W style "$@" 2>&1 |
	grep -v 'referenced manual not found: Xr cordpair' || true)
if [ -n "$said" ]; then
	echo "$said"
	exit 1
fi
