# SPDX-License-Identifier: MIT
# Completions for fish. To be installed in share/fish/vendor_completions.d as NAME.fish, for each of the
# commands p1_read, p2_sum, p3_write, run_pipeline and slurm_pipeline, and the last two with .sh: the
# name of the file says which one it is for.
#
# The options are those that the command's --help shows, and the names of their values there say what
# is completed: files for FILE and PATH, commands for COMMAND. Values that are fixed are listed here.

function __rowsum_values --argument-names option
    switch $option
        case deal
            echo round-robin random pull
        case delimiter output-delimiter
            echo tab
        case empty
            echo reject zero
        case format
            echo csv tsv jsonl stream
        case header
            echo skip repeat
        case lines
            echo rows any
        case on-error
            echo fail skip
        case progress
            echo auto always never
    end
end

# In --help, an option is a line such as "  -o [ --output ] FILE (=x)  description" or "  -o, --output FILE
# description". Lines that are indented further continue the description.
function __rowsum_complete --argument-names command
    set -l help ($command --help 2>/dev/null | string collect)
    set -l seen
    set -l names '(-(?<short>\w))?(, | \[ )?(--(?<long>[a-z-]+))?( \])?'
    for line in (string replace -ra ' *\n {10,}' ' ' -- $help | string split \n)
        string match -qr "^ {2,6}(?=-)$names( (?<value>[A-Z]+))?\S*( \S+)?  +(?<description>.*)" -- $line; or continue
        contains -- "$long" $seen; and continue # a second line may describe one of its values
        set -a seen "$long"
        set -l option -c $command -d $description
        test -n "$short"; and set -a option -s $short
        test -n "$long"; and set -a option -l $long
        switch $value
            case FILE PATH
                complete $option -rF
            case COMMAND
                complete $option -x -a '(__fish_complete_command)'
            case ''
                # A value that is not shown there, as in --header=skip, has to be attached.
                complete $option -f -a "$(__rowsum_values $long)"
            case '*'
                complete $option -x -a "$(__rowsum_values $long)"
        end
    end
    test $command = p2_sum; and complete -c $command -f # it takes no files
end

__rowsum_complete (string replace -r '.*/(.*)\.fish$' '$1' (status filename))
