#!/usr/bin/env python3
"""Closures count what bpftrace counts, when both watch one workload at the same time.

  tests/bpftrace/compare.py --nu NU --plugin PLUGIN --workload WORKLOAD

Both filter by the workload's process id, so nothing else on the machine matters, and bpftrace is
attached before the workload may run.
"""

import argparse
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "nu"))
import harness

WORK = ["call:60", "threads:3:call:20", "lseek:77:-5000000000:4", "lseek:78:12:3", "getppid:25",
        "open:/nonexistent/a", "open:/nonexistent/b", "open:/nonexistent/a", "write:1:100",
        "write:1:5", "sides:7", "touch:30", "rename:renamed"]
HIT = "bpf-uprobe $env.WORKLOAD workload_hit"

# Name, our command and closure, bpftrace's probe, its filter beyond the pid, its statement without
# the map's name.
PAIRS = [
    ("all", f"{HIT} {{|| count all }}", "uprobe:WORKLOAD:workload_hit", "", "@all = count()"),
    ("thirds", f"{HIT} {{|ctx| $ctx.arg0 mod 3 | count thirds }}",
     "uprobe:WORKLOAD:workload_hit", "", "@thirds[arg0 % 3] = count()"),
    ("words", f"{HIT} {{|ctx| read-str $ctx.arg2 | count words }}",
     "uprobe:WORKLOAD:workload_hit", "", "@words[str(arg2)] = count()"),
    ("middle", f"{HIT} {{|ctx| if $ctx.arg0 > 5 and $ctx.arg1 <= 150 {{ count middle }} }}",
     "uprobe:WORKLOAD:workload_hit", "arg0 > 5 && arg1 <= 150", "@middle = count()"),
    ("threads", f"{HIT} {{|ctx| $ctx.tid | count threads }}",
     "uprobe:WORKLOAD:workload_hit", "", "@threads[tid] = count()"),
    ("offsets", "bpf-tracepoint syscalls:sys_enter_lseek {|ctx| $ctx.args.offset | count offsets }",
     "tracepoint:syscalls:sys_enter_lseek", "", "@offsets[(int64)args->offset] = count()"),
    ("names",
     "bpf-tracepoint syscalls:sys_enter_openat {|ctx| $ctx.args.filename | count names }",
     "tracepoint:syscalls:sys_enter_openat", "", "@names[str(args->filename)] = count()"),
    ("comms", "bpf-tracepoint syscalls:sys_enter_getppid {|ctx| $ctx.comm | count comms }",
     "tracepoint:syscalls:sys_enter_getppid", "", "@comms[comm] = count()"),
    ("sizes", "bpf-tracepoint syscalls:sys_enter_write {|ctx| $ctx.size | count sizes }",
     "tracepoint:syscalls:sys_enter_write", "", "@sizes[args->count] = count()"),
    ("renamed", "bpf-tracepoint task:task_rename {|ctx| $ctx.args.newcomm | count renamed }",
     "tracepoint:task:task_rename", "", "@renamed[args->newcomm] = count()"),
    ("returns", "bpf-uretprobe $env.WORKLOAD workload_hit {|ctx| $ctx.retval | count returns }",
     "uretprobe:WORKLOAD:workload_hit", "", "@returns[(int64)retval] = count()"),
    ("sides", "bpf-uprobe $env.WORKLOAD [workload_left workload_r*] {|ctx| $ctx.arg0 | count sides }",
     "uprobe:WORKLOAD:workload_left,uprobe:WORKLOAD:workload_right", "", "@sides[arg0] = count()"),
    ("calls", "bpf-raw-tracepoint sys_enter {|ctx| $ctx.args.id | count calls }",
     "tracepoint:raw_syscalls:sys_enter", "", "@calls[args->id] = count()"),
    ("exits", "bpf-tracepoint syscalls:sys_exit_* "
     "{|ctx| if $ctx.retval < 0 { $ctx.retval | count exits } }",
     "tracepoint:raw_syscalls:sys_exit", "args->ret < 0", "@exits[args->ret] = count()"),
    ("faults", "bpf-perf page-faults {|| count faults } --period 1",
     "software:page-faults:1", "", "@faults = count()"),
    ("total", f"{HIT} {{|ctx| $ctx.arg1 | sum total --by ($ctx.arg0 mod 3) }}",
     "uprobe:WORKLOAD:workload_hit", "", "@total[arg0 % 3] = sum(arg1)"),
    ("least", "bpf-tracepoint syscalls:sys_enter_lseek {|ctx| $ctx.args.offset | min least }",
     "tracepoint:syscalls:sys_enter_lseek", "", "@least = min((int64)args->offset)"),
    ("most", f"{HIT} {{|ctx| $ctx.arg1 | max most --by $ctx.tid }}",
     "uprobe:WORKLOAD:workload_hit", "", "@most[tid] = max(arg1)"),
    ("mean", f"{HIT} {{|ctx| $ctx.arg1 | stats mean }}",
     "uprobe:WORKLOAD:workload_hit", "", "@mean = stats(arg1)"),
    ("powers", f"{HIT} {{|ctx| $ctx.arg1 | hist powers }}",
     "uprobe:WORKLOAD:workload_hit", "", "@powers = hist(arg1)"),
    ("steps", f"{HIT} {{|ctx| $ctx.arg1 | hist steps --linear 100..500 --step 50 }}",
     "uprobe:WORKLOAD:workload_hit", "", "@steps = lhist(arg1, 100, 500, 50)"),
]


def bpftrace_program(workload, pid):
    parts = []
    for _, _, probe, condition, statement in PAIRS:
        condition = f" && {condition}" if condition else ""
        parts.append(f"{probe.replace('WORKLOAD', workload)} "
                     f"/pid == {pid}{condition}/ {{ {statement}; }}")
    return "\n".join(parts)


def our_script():
    lines = ["let pid = ($env.WORKLOAD_PID | into int)"]
    lines += [f"{command} --pid $pid" for _, command, _, _, _ in PAIRS]
    lines += ["go", "{"]
    lines += [f"{name}: (bpf-maps get {name})" for name, _, _, _, _ in PAIRS]
    return "\n".join(lines + ["} | to json --raw"])


def as_counts(value):
    """Our table or number, and bpftrace's object, list or number, in one form."""
    if isinstance(value, list) and value and "low" in value[0]:
        return {row["low"]: row["count"] for row in value if row["count"]}
    if isinstance(value, list) and value and "count" in value[0]:
        return {row.get("min"): row["count"] for row in value if row["count"]}
    if isinstance(value, dict) and "count" in value:
        return {"count": value["count"], "total": value.get("sum", value.get("total")),
                "average": value.get("avg", value.get("average"))}
    if isinstance(value, list):
        return {str(row["key"]): row["value"] for row in value}
    if isinstance(value, dict):
        return {str(key): count for key, count in value.items()}
    return value


class Bpftrace:
    """bpftrace with a program, attached once this is made."""

    def __init__(self, program):
        # bpftrace says that it attaches before it does; what runs on a timer comes after.
        program += ' interval:ms:200 { printf("ready"); }'
        # It wants tracefs mounted; a mount namespace of its own leaves the machine as it was.
        mounted = ["unshare", "--mount", "sh", "-c",
                   'mount -t tracefs tracefs /sys/kernel/tracing; exec "$@"', "sh"]
        self.process = subprocess.Popen([*mounted, "bpftrace", "-f", "json", "-e", program],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for line in self.process.stdout:
            if '"ready' in line:
                return
        raise harness.Failure(f"bpftrace did not attach: {self.process.stderr.read()}")

    def counts(self):
        """Ends it; what its maps hold."""
        self.process.send_signal(signal.SIGINT)
        output, _ = self.process.communicate(timeout=60)
        found = {}
        for line in output.splitlines():
            if not line.startswith("{"):
                continue
            message = json.loads(line)
            if message["type"] in ("map", "hist", "stats"):
                for name, value in message["data"].items():
                    found[name.removeprefix("@")] = value
        return found


def compare(setup):
    """One line for each closure whose counts differ."""
    shell = harness.Shell(setup)
    bpftrace = None
    try:
        shell.start_workload(WORK)
        bpftrace = Bpftrace(bpftrace_program(setup.workload, shell.workload.process.pid))
        status, stdout, stderr = shell.run(our_script(), 60)
        if status != 0:
            raise harness.Failure(harness.shown(stdout, stderr))
        ours, theirs = json.loads(stdout), bpftrace.counts()
        shell.check_released()
        different = []
        for name, *_ in PAIRS:
            us, them = as_counts(ours[name]), as_counts(theirs.get(name, 0))
            if us != them:
                different.append(f"{name}: we count {us}, bpftrace {them}")
            elif not us:
                different.append(f"{name}: neither counted anything")
        return different
    finally:
        if bpftrace and bpftrace.process.poll() is None:
            bpftrace.process.kill()
        shell.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--nu", required=True)
    parser.add_argument("--plugin", required=True)
    parser.add_argument("--workload", required=True)
    options = parser.parse_args()
    if shutil.which("bpftrace") is None:
        print("SKIPPED: comparison: bpftrace is not installed")
        sys.exit(77)
    setup = harness.Setup(options.nu, os.path.abspath(options.plugin),
                          os.path.abspath(options.workload), "")
    try:
        different = compare(setup)
    except harness.Failure as failure:
        different = [str(failure)]
    if different:
        print("FAILED:\n" + "\n".join(different))
        sys.exit(1)
    print(f"{len(PAIRS)} closures count the same")


if __name__ == "__main__":
    main()
