# One round inside Nushell, whose plugin is stopped first so that its start is part of the first
# attach. Prints one record of JSON: times in nanoseconds, the plugin's memory in bytes.

def plugins [] { ps | where ppid == $nu.pid and name =~ nu_plugin }

plugin stop ebpf
while (plugins | is-not-empty) { sleep 5ms }

let targets = $env.TARGETS | split row " "

let begin = date now
let first = bpf-tracepoint $targets.0 {|| count }
let started = date now
let second = bpf-tracepoint $targets.1 {|| count }
let attached = date now
bpf-swap $first.id {|ctx| if $ctx.pid > 1 { count } }
let swapped = date now
bpf-detach $second.id
let detached = date now

for target in ($targets | skip 2) { bpf-tracepoint $target {|| count } }
{
  start: ($started - $begin | into int)
  attach: ($attached - $started | into int)
  swap: ($swapped - $attached | into int)
  detach: ($detached - $swapped | into int)
  probes: (bpf-list | length)
  memory: (plugins | get 0.mem | into int)
} | to json --raw
