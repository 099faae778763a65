# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The beginning of every script that `callout` and its like install.  It runs
# in the directory of the case, as mdevctl does.
# shellcheck disable=SC2034 # bodies use them
type=${2-} event=${4-} action=${6-} state=${8-} uuid=${10-} parent=${12-}

# Appends to what `calls` shows: the script, what it is asked, and more words.
# shellcheck disable=SC2119,SC2120 # bodies call it with words
note() {
	echo "${0##*/} $event $action $state${*:+ $*}" >>calls
}

# Answers a question for capabilities, and only that; lists like '"pre","post"'.
announce() { # ACTIONS EVENTS
	[[ $action == capabilities ]] || return 0
	note
	printf '{"supports":{"version":2,"actions":[%s],"events":[%s]}}' "$1" "$2"
	exit 0
}

# A script of old, which knows of none.
unversioned() {
	[[ $action != capabilities ]] || exit 0
}

# A script that can do everything.
versioned() {
	announce '"start","stop","define","undefine","modify","attributes","capabilities"' '"pre","post","get","live"'
}
