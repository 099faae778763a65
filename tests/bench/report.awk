# SPDX-License-Identifier: LGPL-2.1-or-later
# Results and targets (tests/bench/targets) in, Markdown tables out.

BEGIN {
	split("row program wall least cpu memory calls", columns)
}

FNR == NR {
	for (i = 3; i <= NF; i++)
		value[$1 " " $2, columns[i]] = $i
	next
}

/^#/ { next }



function has(key, statistic) {
	return (key, statistic) in value && value[key, statistic] > 0
}

# Of one or, with "+", of several in turn.
function sum(keys, statistic,    parts, n, i, total) {
	n = split(keys, parts, "+")
	for (i = 1; i <= n; i++) {
		if (!has(parts[i], statistic))
			return 0
		total += value[parts[i], statistic]
	}
	return total
}

function ratio(statistic, a, b,    whole) {
	whole = sum(b, statistic)
	return has(a, statistic) && whole ? value[a, statistic] / whole : ""
}

# What a ratio is, and what became of its target.
function judge(r, most) {
	if (most == "-")
		return sprintf("%.2f", r)
	judged++
	if (sprintf("%.2f", r) + 0 <= most + 0)
		return sprintf("%.2f ≤ %s ok", r, most)
	missed++
	return sprintf("**%.2f > %s missed**", r, most)
}

function against(row, other, most,    r, c) {
	r = ratio("wall", row " mdevctl", row " " other)
	c = ratio("cpu", row " mdevctl", row " " other)
	return r == "" ? "" : judge(r, most) sprintf(" (CPU %.2f)", c)
}

function ms(key) {
	return has(key, "wall") ? sprintf("%.2f", value[key, "wall"] / 1000) : ""
}

function number(key, statistic) {
	return has(key, statistic) ? value[key, statistic] : ""
}

function mb(key) {
	return has(key, "memory") ? sprintf("%.1f", value[key, "memory"] / 1024) : ""
}

function three(f, row,    text, i, program) {
	for (i = 1; i <= 3; i++) {
		program = row " " (i == 1 ? "mdevctl" : i == 2 ? "peer" : "limit")
		text = text " | " (f == "ms" ? ms(program) : f == "mb" ? mb(program) : number(program, "calls"))
	}
	return text
}

$1 == "work" {
	if (!works++) {
		time = "| work | mdevctl, ms | peer, ms | limit, ms | against the peer | against the limit |\n|---|---|---|---|---|---|\n"
		cost = "| work | system calls: mdevctl | peer | limit | memory, MiB: mdevctl | peer | limit |\n|---|---|---|---|---|---|---|\n"
	}
	if ($6 > cpus + 0)
		$4 = $5 = "-"
	time = time "| " $2 three("ms", $3) " | " against($3, "peer", $4) " | " against($3, "limit", $5) " |\n"
	cost = cost "| " $2 three("calls", $3) three("mb", $3) " |\n"
}

$1 == "ratio" {
	r = ratio($3, $4, $5)
	if (!ratios++)
		others = "| ratio | |\n|---|---|\n"
	if (r != "")
		others = others "| " $2 " | " judge(r, $6) " |\n"
}

function growth_of(row, program, most_calls, most_exponent,    small, large, calls, exponent) {
	small = row "@1000 " program
	large = row "@10000 " program
	if (!has(large, "wall"))
		return
	calls = (value[large, "calls"] - value[small, "calls"]) / 9000
	exponent = log(value[large, "wall"] / value[small, "wall"]) / log(10)
	growth = growth "| " program " | " judge(calls, most_calls) " | " judge(exponent, most_exponent) " |\n"
}

$1 == "growth" {
	growth = growth "\n| " $2 ", from 1000 to 10 000 | system calls for each further device | exponent of wall time |\n|---|---|---|\n"
	growth_of($3, "mdevctl", $4, $5)
	growth_of($3, "peer", "-", "-")
	growth_of($3, "limit", "-", "-")
}

END {
	print "Medians of interleaved runs; ratios are of medians of wall time unless they say otherwise.\n"
	print time
	print others
	print cost growth
	printf "%d of %d targets met\n", judged - missed, judged
}
