# SPDX-License-Identifier: LGPL-2.1-or-later
# Results in, an SVG plot out: on the left the wall time of `list` as hosts grow,
# on the right each kind of work, as parts of the slowest program's wall time.

BEGIN {
	programs = split("mdevctl peer limit", program)
	split("#1b6ac9 #c9581b #8a8a8a", colour)
	sizes = split("10 100 1000 10000", size)
	works = split("list@0 list@10000 defined@10000 dumpjson@10000 types@10000 one-defined@10000 verbose@scripts", work)
	split("start-up|list, 10 000|list --defined, 10 000|list --dumpjson, 10 000|types, 800|list -d -u, one of 10 000|list -v, 200, a script", title, "|")
	left = 60; top = 50; width = 300; height = 260
	bars = 560; bar_width = 250
	least = 0.1; most = 1000 # ms
}

{ wall[$1, $2] = $3 / 1000 }

function log10(x) { return log(x) / log(10) }
function x_of(devices) { return left + (log10(devices) - 1) / 3 * width }
function y_of(ms) { return top + height - log10(ms / least) / log10(most / least) * height }

function text(x, y, anchor, s) {
	printf "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n", x, y, anchor, s
}

function line(x1, y1, x2, y2, stroke) {
	printf "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\"/>\n", x1, y1, x2, y2, stroke
}

function axes(    ms, i) {
	text(left, top - 26, "start", "list: milliseconds, by number of devices")
	for (ms = least; ms <= most * 1.01; ms *= 10) {
		line(left, y_of(ms), left + width, y_of(ms), "#dddddd")
		text(left - 6, y_of(ms) + 4, "end", ms)
	}
	for (i = 1; i <= sizes; i++)
		text(x_of(size[i]), top + height + 18, "middle", size[i])
}

function curve(name, stroke,    i, points, key) {
	for (i = 1; i <= sizes; i++) {
		key = "list@" size[i]
		if (!((key, name) in wall))
			continue
		points = points sprintf("%.1f,%.1f ", x_of(size[i]), y_of(wall[key, name]))
		printf "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"%s\"/>\n", x_of(size[i]), y_of(wall[key, name]), stroke
	}
	printf "<polyline points=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\"/>\n", points, stroke
}

function slowest(key,    i, ms) {
	for (i = 1; i <= programs; i++)
		if (wall[key, program[i]] > ms)
			ms = wall[key, program[i]]
	return ms
}

function group(n,    i, y, part) {
	y = top - 6 + (n - 1) * 40
	text(bars - 8, y + 19, "end", title[n])
	for (i = 1; i <= programs; i++) {
		if (!wall[work[n], program[i]])
			continue
		part = wall[work[n], program[i]] / slowest(work[n])
		printf "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"9\" fill=\"%s\"/>\n", bars, y, part * bar_width, colour[i]
		text(bars + part * bar_width + 4, y + 8, "start", sprintf(wall[work[n], program[i]] < 10 ? "%.2f ms" : "%.0f ms", wall[work[n], program[i]]))
		y += 11
	}
}

function legend(    i, x) {
	for (i = 1; i <= programs; i++) {
		x = left + (i - 1) * 90
		printf "<rect x=\"%d\" y=\"%d\" width=\"10\" height=\"10\" fill=\"%s\"/>\n", x, top - 18, colour[i]
		text(x + 14, top - 9, "start", program[i])
	}
}

END {
	print "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 880 345\" font-family=\"sans-serif\" font-size=\"11\">"
	print "<rect width=\"880\" height=\"345\" fill=\"white\"/>"
	axes()
	for (i = 1; i <= programs; i++)
		if (("list@10000", program[i]) in wall)
			curve(program[i], colour[i])
	legend()
	text(bars, top - 26, "start", "wall time, as part of the slowest program's")
	for (i = 1; i <= works; i++)
		group(i)
	print "</svg>"
}
