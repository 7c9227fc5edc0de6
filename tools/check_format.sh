#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# check_format.sh        is every .c and .h as clang-format 14 leaves it?
# check_format.sh --fix  make it so
#
# Exit status: 0 yes, 77 there is no clang-format 14 to tell, other: no.
# Other versions lay the same code out otherwise, so none of them will do.
set -eu
cd "$(dirname "$0")/.."

version=14
formatter=
found=none
for name in "clang-format-$version" clang-format; do
	if ! command -v "$name" >/dev/null 2>&1; then
		continue
	fi
	found=$("$name" --version)
	case $found in
	*"version $version."*)
		formatter=$name
		break
		;;
	esac
done
if [ -z "$formatter" ]; then
	echo "SKIPPED: wants clang-format $version; found: $found" >&2
	exit 77
fi

case ${1-} in
--fix) set -- -i ;;
*) set -- --dry-run -Werror ;;
esac
if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
	git ls-files -z -co --exclude-standard -- '*.c' '*.h'
else
	find . -name 'build*' -prune -o -name '*.[ch]' -print0
fi | xargs -0 -r "$formatter" "$@"
