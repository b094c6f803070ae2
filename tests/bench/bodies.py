"""What one hit costs: the closure in the interpreter against bpftrace's compiled code."""

import time
from dataclasses import dataclass

import measure

GETPPID = "syscalls:sys_enter_getppid"
OPENAT = "syscalls:sys_enter_openat"
GETPPID_STEP, OPENAT_STEP = "getppid:{}", "open:/nonexistent:{}"
STRANGERS_SHOWN = 0.01  # of the hits: the part by other processes that is worth a note


@dataclass
class Body:
    name: str
    closure: str
    bpftrace: str  # what follows the probe
    target: str = GETPPID
    step: str = GETPPID_STEP
    hits: int = 200_000  # of a burst
    bursts: int = 1
    budget: str = "<= 1.0"


ROW = "{|ctx| {uid: $ctx.uid} }"
# Rows come in bursts that the ring buffer and perf's buffer both hold: a lost row costs less.
BODIES = [
    Body("nothing", "{|| null }", "{ }"),
    Body("pid filter, never true", "{|ctx| if $ctx.pid == 1 { count } }",
         "/pid == 1/ { @ = count(); }"),
    Body("pid and uid filter, true", "{|ctx| if $ctx.pid > 1 and $ctx.uid == 0 { count } }",
         "/pid > 1 && uid == 0/ { @ = count(); }"),
    Body("count", "{|| count }", "{ @ = count(); }"),
    Body("count by comm", "{|ctx| $ctx.comm | count }", "{ @[comm] = count(); }"),
    Body("count by pid", "{|ctx| $ctx.pid | count }", "{ @[pid] = count(); }"),
    Body("count by file name", "{|ctx| $ctx.args.filename | count }",
         "{ @[str(args->filename)] = count(); }", target=OPENAT, step=OPENAT_STEP, hits=50_000),
    Body("row {uid}, the value alone", ROW, '{ printf("%d\\n", uid); }', hits=1000, bursts=10),
    Body("row {uid}, with what a row carries", ROW,
         '{ printf("%lu %d %d %d %s %d\\n", nsecs, pid, tid, cpu, comm, uid); }', hits=1000,
         bursts=10),
]


def cost(programs, body, pid, notes):
    """Nanoseconds a run, of the program that process `pid` has attached."""
    measure.await_hit(pid, lambda: programs.work(body.step.format(1000)))
    time_before, runs_before = measure.tracepoint_runs(pid)
    for _ in range(body.bursts):
        programs.work(body.step.format(body.hits))
        if body.bursts > 1:
            time.sleep(measure.NAP)  # the consumer's time
    time_after, runs_after = measure.tracepoint_runs(pid)
    runs = runs_after - runs_before
    strangers = 1 - body.hits * body.bursts / runs
    if strangers > STRANGERS_SHOWN:
        notes.add("other processes' hits too")
    return (time_after - time_before) / runs


def our_cost(programs, session, body, notes):
    probe = session.ask("attach", body.target, body.closure)[0]
    try:
        nanoseconds = cost(programs, body, session.process.pid, notes)
        _, _, lost, _, *faults = session.ask("info", probe)
        if lost:
            notes.add(f"{lost} rows of ours lost")
        notes.update(faults)
        return nanoseconds
    finally:
        # All of it: a probe on its way out still runs the program, briefly, and would be counted.
        session.ask("detach-all")


def their_cost(programs, body, notes):
    with measure.Bpftrace(f"tracepoint:{body.target} {body.bpftrace}") as bpftrace:
        bpftrace.drain()
        return cost(programs, body, bpftrace.process.pid, notes)


def run(programs, rounds, table):
    with measure.Session(programs) as session:
        session.ask("stats")  # both are measured while this session's process lives
        results = {body.name: ([], [], set()) for body in BODIES}
        for index in range(rounds):
            for body in BODIES:
                ours, theirs, notes = results[body.name]
                turns = [lambda: ours.append(our_cost(programs, session, body, notes)),
                         lambda: theirs.append(their_cost(programs, body, notes))]
                for turn in turns if index % 2 == 0 else reversed(turns):
                    turn()
    for body in BODIES:
        ours, theirs, notes = results[body.name]
        table.add(f"body: {body.name}", ours, theirs, "ns", body.budget,
                  f"bpftrace {body.bpftrace}", ", ".join(sorted(notes)))
