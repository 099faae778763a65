#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Makes doc/demo.svg, the picture in README.md, of what tests/demo.sh prints in
# a terminal.  Writes it only if the demo prints something else than it shows:
# UUIDs that mdevctl makes up are others each time.
#
#	tests/picture.sh [--check]	--check: fail instead of writing
set -euo pipefail
cd "$(dirname "$0")/.."
picture=doc/demo.svg
new=$(mktemp)
trap 'rm -f "$new"' EXIT

# Those parts of the demo whose title begins so, wrapped as a terminal might.
excerpt() {
	awk '/^# / { wanted = /^# (A device of this|Keep one|What cannot|The Intel card|Now the udev)/ } wanted' |
		fold -s -w 112 | sed 's/ *$//'
}

draw() {
	awk '
	function escaped(text) {
		gsub(/&/, "\\&amp;", text); gsub(/</, "\\&lt;", text); gsub(/>/, "\\&gt;", text)
		return text
	}
	{ line[NR] = $0 }
	END {
		while (line[NR] == "") NR--
		height = NR * 18 + 30
		printf "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 920 %d\" width=\"920\" height=\"%d\">\n", height, height
		print "<!-- SPDX-License-Identifier: LGPL-2.1-or-later. Made by tests/picture.sh from tests/demo.sh -->"
		print "<style>text { font: 13px ui-monospace, Menlo, Consolas, \"DejaVu Sans Mono\", monospace; fill: #d0d7de; white-space: pre }"
		print ".say { fill: #8b949e } .run { fill: #7ee787; font-weight: bold } .error { fill: #ffa198 }</style>"
		printf "<rect width=\"920\" height=\"%d\" rx=\"8\" fill=\"#161b22\"/>\n", height
		for (i = 1; i <= NR; i++) {
			# What was folded goes on as it began.
			if (line[i] ~ /^# /) class = "say"
			else if (line[i] ~ /^\$ /) class = "run"
			else if (line[i] ~ /^mdevctl: /) class = "error"
			else if (line[i] == "" || class != "error" || line[i] ~ /^[0-9a-f]+-/) class = ""
			if (line[i] != "")
				printf "<text x=\"16\" y=\"%d\"%s xml:space=\"preserve\">%s</text>\n", i * 18 + 12,
					(class == "" ? "" : " class=\"" class "\""), escaped(line[i])
		}
		print "</svg>"
	}'
}

# Without what differs from run to run: made-up UUIDs, and with them the order.
comparable() {
	sed -E 's/ y="[0-9]+"//; s/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/UUID/g' "$1" | sort
}

LC_ALL=C.UTF-8 NO_COLOR=1 tests/demo.sh | excerpt | draw >"$new"
[[ -f $picture ]] && diff <(comparable $picture) <(comparable "$new") && exit
[[ ${1-} != --check ]] || { echo "$picture shows something else than tests/demo.sh: make docs" >&2; exit 1; }
cat "$new" >$picture
