#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# pictures.sh BUILD_DIR [SIZE...]: the console in each of its scenes and
# themes, drawn by its own views into BUILD_DIR/pictures.  SIZE is COLSxROWS,
# without it 80x24.  Look at them before each release.
#
# doc/screen.svg is one of them: blind-night-80x24.
#
# SVG always; PNG where rsvg-convert is (Debian: librsvg2-bin,
# fonts-dejavu-core, and for the wide characters fonts-wqy-zenhei).

set -eu

dir=${1-}
if [ ! -f "$dir/build.ninja" ]; then
	echo "usage: $0 BUILD_DIR [COLSxROWS...]" >&2
	exit 2
fi
shift
if [ $# -eq 0 ]; then
	set -- 80x24
fi

ninja -C "$dir" tests/ui/picture >&2
draw=$dir/tests/ui/picture
out=$dir/pictures
mkdir -p "$out"

# picture NAME SCENE THEME SIZE [FG BG]
picture() {
	name=$1 scene=$2 theme=$3 cols=${4%x*} rows=${4#*x}
	shift 4
	"$draw" "$scene" "$theme" "$rows" "$cols" "$@" >"$out/$name.svg"
	if command -v rsvg-convert >/dev/null 2>&1; then
		rsvg-convert -o "$out/$name.png" "$out/$name.svg"
	fi
}

for size; do
	for scene in idle ring pick blind att fail ladder help; do
		for theme in terminal night day nord okabe mono; do
			picture "$scene-$theme-$size" "$scene" "$theme" "$size"
		done
		# what brings no background must do on a light one, too
		for theme in terminal mono; do
			picture "$scene-$theme-light-$size" "$scene" "$theme" \
				"$size" 202020 fbfbf8
		done
	done
done
command -v rsvg-convert >/dev/null 2>&1 ||
	echo "no rsvg-convert (librsvg2-bin): SVG only" >&2
echo "$out"
