#compdef mdevctl lsmdev
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Completion for zsh: mdevctl itself knows what a word can become.

local -a command lines
command=("${words[1]/%lsmdev/mdevctl}" complete)
[[ $words[1] == *lsmdev ]] && command+=(list)
lines=("${(@f)$($command "${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
case $lines[1] in
:files) _files ;;
:directories) _files -/ ;;
?*)
	lines=("${(@)lines//:/\\:}")
	lines=("${(@)lines/$'\t'/:}")
	_describe mdevctl lines
	;;
esac
