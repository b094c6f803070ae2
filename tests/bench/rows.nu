# Rows into Nushell, from the first to the last of them; prints the nanoseconds.

# The interpreter is loaded before the clock starts.
bpf-tracepoint syscalls:sys_enter_acct {|| null } | ignore
let begin = date now
let rows = (bpf-tracepoint syscalls:sys_enter_getppid {|ctx| {pid: $ctx.pid, uid: $ctx.uid} } --stream
  | first ($env.ROWS | into int) | length)
let end = date now
{rows: $rows, time: ($end - $begin | into int)} | to json --raw
