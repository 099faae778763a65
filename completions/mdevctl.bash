# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Completion for bash: mdevctl itself knows what a word can become.

_mdevctl() {
	local line=${COMP_LINE:0:COMP_POINT} program=${1/%lsmdev/mdevctl} words current head candidate

	# Not COMP_WORDS, which are cut at the colons of PCI addresses.
	# shellcheck disable=SC2162 # a space after a backslash is a part of the word
	read -a words <<<"$line"
	[[ $line == *[^\\][[:space:]] ]] && words+=('')
	current=${words[-1]}
	[[ $1 == *lsmdev ]] && words[0]=list || words=("${words[@]:1}")
	# What readline leaves as it is of such a word.
	head=
	[[ $COMP_WORDBREAKS == *:* && $COMP_WORDBREAKS == *=* ]] && head=${current%"${current##*[:=]}"}
	COMPREPLY=()
	while IFS=$'\t' read -r candidate _; do
		case $candidate in
		:files) mapfile -t COMPREPLY < <(compgen -f -- "${current#--*=}") && compopt -o filenames 2>/dev/null ;;
		:directories) mapfile -t COMPREPLY < <(compgen -d -- "${current#--*=}") && compopt -o filenames 2>/dev/null ;;
		# A type's name may have spaces.
		*) COMPREPLY+=("$(printf %q "${candidate#"$head"}")") ;;
		esac
	done < <("$program" complete "${words[@]}" 2>/dev/null)
}

complete -F _mdevctl mdevctl lsmdev
