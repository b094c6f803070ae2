"""The session in a process of its own, without Nushell: start, attach, detach, swap."""

import statistics
import time

import bodies
import measure

FREE_BANK = 0.05  # seconds after which the bank of the swap before is free again
SETTLE = 0.3      # seconds that a link's end may take in the background


def started(programs):
    """From the process's start to its first probe attached."""
    began = time.monotonic_ns()
    with measure.Session(programs) as session:
        session.ask("attach", bodies.GETPPID, "{|| null }")
        return time.monotonic_ns() - began


def bpftrace_started(programs):
    """From bpftrace's start to its first row: it says nothing when it has attached."""
    program = f"tracepoint:{bodies.GETPPID} " + '{ printf("hit\\n"); exit(); }'
    with measure.Spinner(programs), measure.Bpftrace(program, "-B", "none") as bpftrace:
        for line in bpftrace.process.stdout:
            if line.strip() == b"hit":
                return time.monotonic_ns() - bpftrace.began
    raise measure.Unmeasured("bpftrace shows no row")


def start(programs, rounds, table):
    ours, theirs = [], []
    for _ in range(rounds):
        ours.append(started(programs) / 1e6)
        theirs.append(bpftrace_started(programs) / 1e6)
    table.add("start to attached: a session", ours, theirs, "ms", "60 ms",
              "bpftrace, start to first row")


def attach_and_detach(programs, rounds, table):
    attach, whole, bare, detach, bare_detach = [], [], [], [], []
    names = measure.quiet_tracepoints()
    rounds = min(rounds, (len(names) - 2) // 2)
    names = iter(names)
    with measure.Session(programs) as session:
        # The first of each loads the interpreter.
        session.ask("attach", next(names), "{|| null }")
        session.ask("bare-attach", next(names))
        probes = []
        for index in range(rounds):
            for ours in (True, False) if index % 2 == 0 else (False, True):
                if ours:
                    probe, resolve, compile_, link = session.ask("attach", next(names),
                                                                 "{|| count hits }")
                    probes.append(probe)
                    attach.append(link / 1e3)
                    whole.append((resolve + compile_ + link) / 1e3)
                else:
                    bare += [session.ask("bare-attach", next(names))[0] / 1e3]
        for probe in probes:
            detach += [session.ask("detach", probe)[0] / 1e3]
            time.sleep(SETTLE)
            bare_detach += [session.ask("bare-detach")[0] / 1e3]
    libbpf = "bpf_program__attach_tracepoint_opts"
    worst = f"worst {max(attach):,.0f} us"
    table.add("attach one more tracepoint", attach, bare, "us", "<= 1.5", libbpf, worst)
    table.add("  with resolve and compile", whole, bare, "us", "", libbpf)
    table.add("detach, the call", detach, bare_detach, "us", "", "bpf_link__destroy",
              f"worst {max(detach):,.0f} us")


def swap(programs, rounds, table):
    closures = ["{|| count one }", "{|ctx| if $ctx.pid > 1 { $ctx.comm | count two } }"]
    rested, flood = [], []
    with measure.Session(programs) as session, measure.Spinner(programs):
        probe = session.ask("attach", bodies.GETPPID, closures[0])[0]
        # Each closure's maps are made by its first swap.
        first = [session.ask("swap", probe, closure)[0] / 1e3 for closure in closures[::-1]]
        for index in range(10 * rounds):
            time.sleep(FREE_BANK)
            rested += [session.ask("swap", probe, closures[index % 2])[0] / 1e3]
        for index in range(10 * rounds):
            flood += [session.ask("swap", probe, closures[index % 2])[0] / 1e3]
    table.add("swap", rested, None, "us", "50 us", "none can",
              f"worst {max(rested):,.0f} us; one that makes a map {first[0]:,.0f} us")
    table.add("swap, one after the other", flood, None, "us", "", "",
              f"mean {statistics.mean(flood):,.0f} us: a bank is free after a grace period")


def every_syscall(programs, table):
    """A probe on each syscall's entry; takes half a minute of bpftrace's time."""
    with measure.Session(programs) as session:
        attached, *times = session.ask("attach-all", "tracepoint", "syscalls:sys_enter_*", "",
                                       "{|| count hits }")
        attach_time = sum(times)
        detach_time = session.ask("detach-all")[0]
    began = time.monotonic()
    program = "tracepoint:syscalls:sys_enter_* { @ = count(); }"
    with measure.measured_runs(programs), measure.Bpftrace(program) as bpftrace:
        bpftrace.drain()
        measure.await_hit(bpftrace.process.pid, lambda: programs.work("getppid:10"))
    theirs = time.monotonic() - began
    table.add(f"{attached} syscall probes: attach + detach", [(attach_time + detach_time) / 1e9],
              [theirs], "s", "1 s", "bpftrace, from start to end",
              f"attach {attach_time / 1e9:.2f} s, detach {detach_time / 1e9:.2f} s")
