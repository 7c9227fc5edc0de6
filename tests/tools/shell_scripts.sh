#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Do all shell scripts of the tree parse, and is shellcheck content?
set -eu
cd "$(dirname "$0")/../.."

scripts=$(find . -name 'build*' -prune -o -name '.git' -prune -o \
	-type f \( -name '*.sh' -o -path ./dev -o -path ./.ci/run -o \
	-perm -u+x \) -exec grep -lE '^#!.*\<(ba|da)?sh\>' {} +)
status=0
for script in $scripts; do
	shell=$(sed -n '1s/.*[ /]//p' "$script")
	if command -v "$shell" >/dev/null 2>&1; then
		"$shell" -n "$script" || status=1
	fi
done
if [ $status -ne 0 ]; then
	exit 1
fi
if ! command -v shellcheck >/dev/null 2>&1; then
	echo 'SKIPPED: shellcheck is not installed' >&2
	exit 77
fi
# shellcheck disable=SC2086 # a list
exec shellcheck $scripts
