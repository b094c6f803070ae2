# The verbs as Nushell sees them where a closure runs in Nushell itself: each writes down what it is
# given, by `note`, which whoever includes this defines. An event as a value is its arguments.

def value-of [v: any] { if ($v | describe | str starts-with record) and "__event" in ($v | columns) { $v.args } else { $v } }
def emit [argument?: any] {
    let piped = $in
    # At the head of a closure the pipe holds what the closure was given; a value is the row all the
    # same.
    if $argument != null and ($argument | describe) != string {
        note {verb: row, value: (value-of $argument)}
    } else if $piped != null and $argument == null {
        note {verb: row, value: (value-of $piped)}
    } else if $piped != null { note {verb: emit, name: $argument, value: (value-of $piped)} } else {
        if ($argument | describe) == string { note {verb: emit, name: $argument, value: null} } else {
            note {verb: row, value: (value-of $argument)}
        }
    }
}
def print [argument: any] { note {verb: log, value: (value-of $argument)} }
def count [name?: string] { let key = $in; note {verb: count, name: ($name | default "-"), value: $key} }
