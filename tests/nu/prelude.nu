# Commands for the tests' scripts.

# Lets the waiting workload run, and waits for its end.
def go [] {
  "go\n" | save --raw --append ($env.FOLDER | path join go)
  ^head -n 1 ($env.FOLDER | path join done) | ignore
}

# Waits until so many probes are attached: how a job knows that a stream beside it has begun.
def attached [count: int = 1] {
  while (bpf-list | length) < $count { sleep 10ms }
}

# Tells the test that the script has come to a stage, and waits until the test allows one.
def reach [stage: string] { touch ($env.FOLDER | path join $stage) }
def await [stage: string] {
  while not ($env.FOLDER | path join $stage | path exists) { sleep 10ms }
}

$env.PROMPT_COMMAND = { "READY>" }
$env.PROMPT_COMMAND_RIGHT = { "" }
$env.config.show_banner = false
$env.config.shell_integration.osc2 = false
$env.config.shell_integration.osc133 = false
$env.config.bracketed_paste = false
