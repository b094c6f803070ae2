"""The plugin in a real Nushell: start, commands, memory, rows."""

import json
import pathlib
import sys
import time

import measure
import session

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "nu"))
import harness

ROWS = 100_000
BPFTRACE_SECONDS = 1.0
MB = 1e6


def run_script(programs, plugin, script, **environment):
    """What a script of this folder prints: its JSON, and its words on standard error."""
    shell = harness.Shell(harness.Setup(str(programs.nu), str(plugin), str(programs.workload), ""))
    shell.environment.update(environment)
    try:
        status, stdout, stderr = shell.run((HERE / script).read_text(), 120)
        if status != 0:
            raise measure.Unmeasured(harness.shown(stdout, stderr))
        return json.loads(stdout.splitlines()[-1]), stderr.strip()
    finally:
        shell.close()


def bpftrace_memory(programs):
    """With ten probes, as the plugin has."""
    names = ["syscalls:sys_enter_getppid", *measure.quiet_tracepoints()[:9]]
    program = "".join(f"tracepoint:{name} {{ @[probe] = count(); }} " for name in names)
    with measure.measured_runs(programs), measure.Bpftrace(program) as bpftrace:
        bpftrace.drain()
        measure.await_hit(bpftrace.process.pid, lambda: programs.work("getppid:10"))
        return measure.resident_bytes(bpftrace.process.pid)


def commands(programs, rounds, table):
    ours, starts, memory = [], [], []
    for _ in range(rounds):
        ours.append(run_script(programs, programs.plugin, "shell.nu",
                               TARGETS=" ".join(measure.quiet_tracepoints()[:11]))[0])
        starts.append(session.bpftrace_started(programs) / 1e6)
        memory.append(bpftrace_memory(programs) / MB)
    def all_of(name, scale):
        return [round_[name] / scale for round_ in ours]
    table.add("start to attached: the plugin in nu", all_of("start", 1e6), starts, "ms", "60 ms",
              "bpftrace, start to first row")
    for name in ("attach", "swap", "detach"):
        command = "tracepoint, one more" if name == "attach" else name
        table.add(f"command: bpf-{command}",
                  all_of(name, 1e6), None, "ms", "", "", f"worst {max(all_of(name, 1e6)):.1f} ms")
    table.add("memory with 10 probes", all_of("memory", MB), memory, "MB", "12 MB", "bpftrace",
              f"{ours[0]['probes']} probes")


def bpftrace_rows(programs):
    """Rows a second out of bpftrace's JSON, the pipe's other end doing nothing but count."""
    program = 'tracepoint:syscalls:sys_enter_getppid { printf("%d %d\\n", pid, uid); }'
    with measure.Spinner(programs), measure.Bpftrace(program, "-f", "json") as bpftrace:
        stream = bpftrace.process.stdout
        while b'"printf"' not in stream.read1(1 << 16):
            if bpftrace.process.poll() is not None:
                raise measure.Unmeasured("bpftrace ended")
        rows, began = 0, time.monotonic()
        while time.monotonic() < began + BPFTRACE_SECONDS:
            rows += stream.read1(1 << 16).count(b'"printf"')
        return rows / (time.monotonic() - began)


def rows(programs, rounds, table):
    ours, bare, theirs, notes = [], [], [], []
    sender = HERE / "nu_plugin_bench_sender"
    for _ in range(rounds):
        with measure.Spinner(programs):
            result, said = run_script(programs, programs.plugin, "rows.nu", ROWS=str(ROWS))
            ours.append(result["rows"] / result["time"] * 1e6)
            notes.append(" ".join(said.split()))
            result, _ = run_script(programs, sender, "sender.nu", ROWS=str(ROWS))
            bare.append(result["rows"] / result["time"] * 1e6)
        theirs.append(bpftrace_rows(programs) / 1e3)
    table.add("rows into Nushell under a flood", ours, bare, "k/s", ">= 0.9",
              "a bare sender into Nushell", notes[-1])
    table.add("  the same", ours, theirs, "k/s", "", "bpftrace -f json into a pipe")
