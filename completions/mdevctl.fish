# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Completion for fish: mdevctl itself knows what a word can become.

function __mdevctl_complete
    set -l before (commandline -opc)
    set -l first $before[2..-1]
    string match -q '*lsmdev' -- $before[1]; and set first list $first
    set -l lines (mdevctl complete $first (commandline -ct) 2>/dev/null)
    switch "$lines[1]"
        case :files
            __fish_complete_path (commandline -ct)
        case :directories
            __fish_complete_directories (commandline -ct)
        case '?*'
            printf '%s\n' $lines
    end
end

complete -c mdevctl -f -a '(__mdevctl_complete)'
complete -c lsmdev -f -a '(__mdevctl_complete)'
