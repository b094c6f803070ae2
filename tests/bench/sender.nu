# The bare sender's rows into Nushell, counted and timed as in rows.nu.

let begin = date now
let rows = (bench-send | first ($env.ROWS | into int) | length)
let end = date now
{rows: $rows, time: ($end - $begin | into int)} | to json --raw
