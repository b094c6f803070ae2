#!/usr/bin/env python3
"""How probes, the plugin and Nushell end: by key, by signal, in any order. Nothing may stay behind
and nothing may hang.

  tests/nu/life.py --nu NU --plugin PLUGIN --workload WORKLOAD NAME

runs test_NAME below. A script says where it is with `reach STAGE` and waits with `await STAGE`,
both of which are files in the run's folder.
"""

import argparse
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time

import harness
from harness import Failure, wait_until

BUSY = "bpf-tracepoint syscalls:sys_enter_openat {|ctx| $ctx.comm }"


def open_files():
    """What BUSY sees: a machine at rest may open no file for minutes."""
    while True:
        open(os.devnull).close()
        time.sleep(0.02)


class Running:
    """A shell under way."""

    def __init__(self, shell, script):
        self.shell = shell
        self.err = open(shell.folder / "stderr", "w+")
        self.out = open(shell.folder / "stdout", "w+")
        self.process = subprocess.Popen(
            shell.command_line("--commands", script), cwd=shell.folder, env=shell.environment,
            stdin=subprocess.DEVNULL, stdout=self.out, stderr=self.err, start_new_session=True)

    def reached(self, stage):
        def look():
            if self.process.poll() is not None:
                raise Failure(f"Nushell ended before '{stage}'\n{self.shown()}")
            return (self.shell.folder / stage).exists()
        wait_until(look, 30, f"the script to reach '{stage}'")

    def allow(self, stage):
        (self.shell.folder / stage).touch()

    def ended(self, seconds=20):
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failure(f"Nushell did not end\n{self.shown()}") from None

    def shown(self):
        return harness.shown((self.shell.folder / "stdout").read_text(),
                             (self.shell.folder / "stderr").read_text())


def programs(shell):
    """The interpreter's programs that the run's plugin holds."""
    pid = shell.plugin_pid()
    return harness.programs_held_by(pid) if pid else set()


def released(shell, numbers):
    def look():
        return not numbers & {program["id"] for program in harness.bpf_programs()}
    wait_until(look, 20, f"the kernel's release of programs {numbers}")


def attached(shell):
    numbers = programs(shell)
    if not numbers or harness.links_held_by(shell.plugin_pid()) == 0:
        raise Failure("the plugin holds no program or no link: nothing is attached")
    return numbers


def detached(shell):
    """A plugin that lives on keeps its interpreter loaded, but no link."""
    pid = shell.plugin_pid()
    wait_until(lambda: pid is None or harness.links_held_by(pid) == 0, 20, "the links' release")


def test_end_of_nu_with_a_probe(shell):
    running = Running(shell, f"{BUSY}; reach attached; await end")
    running.reached("attached")
    numbers = attached(shell)
    running.allow("end")
    if running.ended() != 0:
        raise Failure(f"the shell failed\n{running.shown()}")
    released(shell, numbers)


def test_end_of_nu_with_a_stream(shell):
    script = f"{BUSY}; job spawn {{ bpf-stream | each {{|row| reach row }} }}; await end"
    running = Running(shell, script)
    running.reached("row")
    numbers = attached(shell)
    running.allow("end")
    running.ended()
    released(shell, numbers)


def test_plugin_stop(shell):
    script = f"""{BUSY} | ignore
      reach attached
      await stop
      plugin stop ebpf
      reach stopped
      await end
      bpf-list | length"""
    running = Running(shell, script)
    running.reached("attached")
    pid, numbers = shell.plugin_pid(), attached(shell)
    running.allow("stop")
    running.reached("stopped")
    wait_until(lambda: pid not in shell.processes(), 20, "the stopped plugin's end")
    released(shell, numbers)
    running.allow("end")
    if running.ended() != 0 or (shell.folder / "stdout").read_text() != "0\n":
        raise Failure(f"a new plugin did not list zero probes\n{running.shown()}")


def test_plugin_stop_during_a_stream(shell):
    script = f"""job spawn {{ {BUSY} --stream | each {{|row| reach row }} }}
      await stop
      plugin stop ebpf
      reach stopped
      await end"""
    running = Running(shell, script)
    running.reached("row")
    numbers = attached(shell)
    running.allow("stop")
    running.reached("stopped")
    # Nushell lets a plugin's streams run on; the end of its script ends them.
    running.allow("end")
    running.ended()
    released(shell, numbers)


def test_kill_of_the_plugin(shell):
    script = f"""{BUSY} | ignore
      reach attached
      await end
      bpf-list | length"""
    running = Running(shell, script)
    running.reached("attached")
    numbers = attached(shell)
    os.kill(shell.plugin_pid(), signal.SIGKILL)
    released(shell, numbers)
    running.allow("end")
    running.ended()


def test_kill_of_the_plugin_during_a_stream(shell):
    running = Running(shell, f"{BUSY} --stream | each {{|row| reach row }} | ignore; reach ended")
    running.reached("row")
    numbers = attached(shell)
    os.kill(shell.plugin_pid(), signal.SIGKILL)
    running.ended()
    released(shell, numbers)


def test_kill_of_nu(shell):
    running = Running(shell, f"{BUSY}; reach attached; await never")
    running.reached("attached")
    numbers = attached(shell)
    running.process.kill()
    running.ended()
    wait_until(lambda: shell.plugin_pid() is None, 20, "the plugin's end after its shell's")
    released(shell, numbers)


def test_kill_of_nu_during_a_stream(shell):
    running = Running(shell, f"{BUSY} --stream | each {{|row| reach row }} | ignore")
    running.reached("row")
    numbers = attached(shell)
    running.process.kill()
    running.ended()
    wait_until(lambda: shell.plugin_pid() is None, 20, "the plugin's end after its shell's")
    released(shell, numbers)


def test_garbage_collection(shell):
    """Off while a probe or a non-empty map exists, on again afterwards."""
    script = f"""$env.config.plugin_gc.default.stop_after = 100ms
      bpf-tracepoint syscalls:sys_enter_openat {{|ctx| $ctx.comm | count opens }} | ignore
      open /etc/hostname | ignore
      ^cat /etc/hostname | ignore
      reach attached
      await detach
      bpf-detach --all
      reach detached
      await delete
      bpf-maps delete opens
      reach deleted
      await end"""
    running = Running(shell, script)
    running.reached("attached")
    pid = shell.plugin_pid()
    keeps_running(shell, pid)
    running.allow("detach")
    running.reached("detached")
    keeps_running(shell, pid)
    running.allow("delete")
    running.reached("deleted")
    wait_until(lambda: pid not in shell.processes(), 20, "the idle plugin's end")
    running.allow("end")
    running.ended()


def keeps_running(shell, pid):
    # An absence has no event: ten times the limit that Nushell was given must do.
    time.sleep(1)
    if shell.plugin_pid() != pid:
        raise Failure("Nushell stopped a plugin that holds a probe or a map")


class Terminal:
    """A Nushell with its prompt, on a pseudo-terminal."""

    def __init__(self, shell):
        self.text = ""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(shell.folder)
            os.execve(shell.setup.nu, shell.command_line(), shell.environment)
        # In a terminal without columns Nushell 0.115 spins for ever on an interrupted table.
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        self.shown("READY>")

    def _read(self):
        if not select.select([self.fd], [], [], 0.05)[0]:
            return
        try:
            text = os.read(self.fd, 65536).decode(errors="replace")
        except OSError:
            return  # Linux's way to say that the other side is closed
        # The line editor asks where the cursor is, and waits for the answer.
        for _ in range(text.count("\x1b[6n")):
            os.write(self.fd, b"\x1b[1;1R")
        self.text += re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]|\x1b\][^\x07]*\x07|\x1b[=>]", "", text)

    def has_shown(self, what, seconds):
        """Whether `what` is shown within that time; if it is, all up to it is forgotten."""
        end = time.monotonic() + seconds
        while what not in self.text:
            if time.monotonic() > end:
                return False
            self._read()
        self.text = self.text[self.text.index(what) + len(what):]
        return True

    def shown(self, what):
        """Waits until `what` has been shown, and forgets all up to it."""
        if not self.has_shown(what, 30):
            raise Failure(f"'{what}' never came; the terminal shows\n{self.text}")

    def type(self, text):
        """Types it; what was shown before is forgotten."""
        self._read()
        self.text = ""
        os.write(self.fd, text.encode())

    def until(self, condition, what):
        """wait_until, while the terminal goes on being read: the line editor waits for answers."""
        wait_until(lambda: self._read() or condition(), 30, what)

    def exit(self):
        self.type("exit\r")
        self.until(lambda: os.waitpid(self.pid, os.WNOHANG)[0] != 0, "the end of the shell")
        os.close(self.fd)


def test_ctrl_c_ends_a_stream(shell):
    with_prompt(shell, f"{BUSY} --stream | each {{|row| reach row }} | ignore", "row")


def test_ctrl_c_ends_an_idle_stream(shell):
    with_prompt(shell, "job spawn { attached; reach attached }; "
                "bpf-uprobe $env.WORKLOAD main {|| 1 } --stream", "attached")


def test_ctrl_c_ends_a_wait(shell):
    with_prompt(shell, "job spawn { attached; reach attached }; "
                f"{BUSY} --for 1hr", "attached")


def test_ctrl_c_ends_a_run(shell):
    with_prompt(shell, "bpf-uprobe $env.WORKLOAD main {|| count } --run { reach run; sleep 1hr }",
                "run")


def test_tab_completes_targets(shell):
    if shell.setup.version < (0, 109):
        raise harness.Skip("this Nushell asks no plugin for completions")
    terminal = Terminal(shell)
    for typed, completed in [
            ("bpf-tracepoint syscalls:sys_enter_getpp", "sys_enter_getppid"),
            (f"bpf-uprobe {shell.setup.workload} workload_le", "workload_left"),
            ("bpf-perf page-f", "page-faults"),
            ("bpf-explain tracepoint:syscalls:sys_enter_getpp", "sys_enter_getppid"),
            ("bpf-targets --kind raw-", "raw-tracepoint")]:
        terminal.type(typed)
        terminal.shown(typed[-3:])
        terminal.type("\t")
        terminal.shown(completed[-5:])
        terminal.type("\x03")
        terminal.shown("READY>")
    terminal.exit()


def test_tab_never_hangs(shell):
    terminal = Terminal(shell)
    terminal.type("bpf-kprobe nothing_is_called_so\t")
    # Nothing tells when TAB has had its answer. What is typed before is lost with the line that
    # Ctrl-C gives up, and a Ctrl-C between two prompts interrupts the next line: so until it works.
    for _ in range(6):
        terminal.type("\x03")
        terminal.shown("READY>")
        terminal.type("$'still (1 + 1)'\r")
        if terminal.has_shown("still 2", 8):
            break
    else:
        raise Failure(f"the shell takes no line any more; the terminal shows\n{terminal.text}")
    terminal.exit()


def with_prompt(shell, command, stage):
    """Types a command that would not end, Ctrl-C when it is under way, then another command."""
    terminal = Terminal(shell)
    terminal.type(command + "\r")
    terminal.until((shell.folder / stage).exists, f"the command to reach '{stage}'")
    attached(shell)
    terminal.type("\x03")
    terminal.shown("READY>")
    detached(shell)
    terminal.type("$'left: (bpf-list | length)'\r")
    terminal.shown("left: 0")
    terminal.exit()


def main():
    root = harness.HERE.parent.parent
    parser = argparse.ArgumentParser()
    parser.add_argument("--nu", required=True)
    parser.add_argument("--plugin", required=True)
    parser.add_argument("--workload", required=True)
    parser.add_argument("name")
    options = parser.parse_args()
    setup = harness.Setup(options.nu, os.path.abspath(options.plugin),
                          os.path.abspath(options.workload), root / "plugin/bpf.nu")
    threading.Thread(target=open_files, daemon=True).start()
    test = globals()[f"test_{options.name}"]
    shell = harness.Shell(setup)
    try:
        test(shell)
        shell.check_released()
    except harness.Skip as skip:
        print(f"SKIPPED: {options.name}: {skip}")
        sys.exit(77)
    except Failure as failure:
        print(f"FAILED: {options.name}\n{failure}")
        sys.exit(1)
    finally:
        shell.close()


if __name__ == "__main__":
    main()
