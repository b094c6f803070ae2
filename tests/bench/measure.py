"""What every part of the benchmark uses: the programs under measurement, driven one at a time, and
the table of results."""

import contextlib
import os
import pathlib
import re
import signal
import statistics
import subprocess
import threading
import time

BPF_PROG_TYPE_TRACEPOINT = 5
HIT_TIMEOUT = 20  # seconds until a probe that was attached must have run
NAP = 0.01

# Syscalls that nobody calls meanwhile: where attaching is measured without hits.
QUIET_SYSCALLS = (
    "acct chroot pivot_root swapon swapoff reboot sethostname setdomainname init_module "
    "delete_module quotactl kexec_load add_key request_key keyctl migrate_pages mq_open mq_unlink "
    "vhangup syslog settimeofday adjtimex personality ustat setns unshare mount umount").split()
TRACEPOINTS = pathlib.Path("/sys/kernel/tracing/events/syscalls")


class Unmeasured(Exception):
    """A part that this machine or this build cannot measure; the text says why."""


class Table:
    """The results: name, ours, the peer's, and what the ratio should be."""

    def __init__(self):
        self.rows = []

    def add(self, name, ours, peer=None, unit="", budget="", peer_name="", note=""):
        """`ours` and `peer` are the rounds' numbers; their medians are shown."""
        ours = statistics.median(ours)
        ratio = ""
        if peer:
            peer = statistics.median(peer)
            ratio = f"{ours / peer:.2f}" if peer else ""
        shown = [f"{number:,.{0 if number >= 100 else 1}f} {unit}" if number is not None else "-"
                 for number in (ours, peer or None)]
        self.rows.append([name, shown[0], shown[1], ratio, budget, peer_name, note])

    def leave_out(self, name, reason):
        self.rows.append([name, "-", "-", "", "", "", f"not measured: {reason}"])

    def text(self):
        heads = ["what", "ours", "peer", "ratio", "budget", "the peer is", "note"]
        lines = [heads, *self.rows]
        widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
        shown = []
        for line in lines:
            cells = [cell.rjust(width) if column in (1, 2, 3) else cell.ljust(width)
                     for column, (cell, width) in enumerate(zip(line, widths))]
            shown.append("  ".join(cells).rstrip())
        shown.insert(1, "-" * max(map(len, shown)))
        return "\n".join(shown)


class Programs:
    """Paths of what was built and of what is installed."""

    def __init__(self, build, nu):
        build = pathlib.Path(build).resolve()
        self.plugin = build / "plugin/nu_plugin_ebpf"
        self.workload = build / "tests/workload/workload"
        self.session = build / "tests/bench/bench_session"
        self.nu = pathlib.Path(nu)
        for path in (self.plugin, self.workload, self.session):
            if not path.exists():
                raise SystemExit(f"{path} is missing: cmake --build {build} --target bench")
        cache = (build / "CMakeCache.txt").read_text()
        self.build_type = re.search(r"CMAKE_BUILD_TYPE:\w+=(.*)", cache)[1]

    def work(self, *steps):
        """The workload from its start to its end."""
        subprocess.run([self.workload, "--now", *steps], check=True, stdout=subprocess.DEVNULL)


class Spinner:
    """A process that calls getppid without pause."""

    def __init__(self, programs):
        self.process = subprocess.Popen([programs.workload, "--now", f"getppid:{1 << 60}"])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


class Session:
    """bench_session: the plugin's kernel side in a process without Nushell."""

    def __init__(self, programs):
        self.process = subprocess.Popen([programs.session], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()

    def ask(self, *fields):
        """The words of the answer, numbers as numbers."""
        self.process.stdin.write("\t".join(map(str, fields)) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer or answer.startswith("error"):
            raise Unmeasured(f"{fields}: {answer.strip() or 'bench_session ended'}")
        return [int(word) if word.isdigit() else word for word in answer.split()]


class Bpftrace:
    """bpftrace with a program. That it says "Attaching" is not yet attached: see await_hit."""

    def __init__(self, program, *options):
        self.began = time.monotonic_ns()
        self.process = subprocess.Popen(["bpftrace", *options, "-e", program],
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self._reader = None

    def drain(self):
        """Reads what it writes, from now on, so that it never waits for us."""
        def read():
            while os.read(self.process.stdout.fileno(), 1 << 16):
                pass
        self._reader = threading.Thread(target=read)
        self._reader.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._reader is None:
            self.drain()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._reader.join()
        self.process.stdout.close()


def tracepoint_runs(pid):
    """(nanoseconds, runs) of the tracepoint programs that a process holds."""
    seen = {}
    for path in pathlib.Path("/proc").glob(f"{pid}/fdinfo/*"):
        try:
            words = dict(re.findall(r"^(\w+):\s*(\d+)", path.read_text(), re.MULTILINE))
        except OSError:
            continue
        if int(words.get("prog_type", -1)) == BPF_PROG_TYPE_TRACEPOINT and "run_cnt" in words:
            seen[words["prog_id"]] = (int(words["run_time_ns"]), int(words["run_cnt"]))
    return tuple(map(sum, zip(*seen.values()))) if seen else (0, 0)


def await_hit(pid, cause):
    """Calls `cause` until the process's program has run: it is attached."""
    end = time.monotonic() + HIT_TIMEOUT
    before = tracepoint_runs(pid)[1]
    while tracepoint_runs(pid)[1] == before:
        if time.monotonic() > end:
            raise Unmeasured("the probe does not run")
        time.sleep(NAP)
        cause()


def quiet_tracepoints():
    """Those of QUIET_SYSCALLS that this kernel has."""
    return [f"syscalls:sys_enter_{name}" for name in QUIET_SYSCALLS
            if (TRACEPOINTS / f"sys_enter_{name}").exists()]


@contextlib.contextmanager
def measured_runs(programs):
    """Makes the kernel count and time programs' runs: what tracepoint_runs reads."""
    with Session(programs) as session:
        session.ask("stats")
        yield


def resident_bytes(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s*(\d+)", status)[1]) * 1024
