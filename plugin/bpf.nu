# Names for what a probe knows, so that Nushell's parser accepts them in a closure:
#
#   use bpf.nu *
#   bpf-kprobe sys_write { || if $pid > 1000 { count() } }
#
# Each value is a mark that the plugin knows. A variable of your own with the same name keeps its
# own value inside a closure.

# Process id
export const pid = -7205759403792793601
# Thread id
export const tid = -7205759403792793602
# User id
export const uid = -7205759403792793603
# Group id
export const gid = -7205759403792793604
# CPU number
export const cpu = -7205759403792793605
# Name of the task, at most 15 bytes
export const comm = "\e[bpf:comm]"
