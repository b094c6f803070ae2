# Commands for the tests' scripts.

# Lets the waiting workload run, and waits for its end.
def go [] {
  "go\n" | save --raw --append ($env.FOLDER | path join go)
  ^head --lines 1 ($env.FOLDER | path join done) | ignore
}

# Waits until so many probes are attached: how a job knows that a stream beside it has begun.
def attached [count: int = 1] {
  while (bpf-list | length) < $count { sleep 10ms }
}
