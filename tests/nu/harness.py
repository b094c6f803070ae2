"""Runs a real Nushell with the plugin against this machine's kernel, hermetically.

A Shell is one Nushell process in a home of its own, started with --plugins, so that the plugin
lives from the shell's beginning. A Workload is tests/workload started beforehand: its pid is
known, it waits for a byte on its standard input, and the script lets it go with `go`. Afterwards
check_released() tells what a run left behind: processes of the run, BPF programs named vm_* that
nobody holds, pins.

Every process of a run carries EBPF_TEST in its environment, which is how the run's plugin is found.
"""

import glob
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import uuid

HERE = pathlib.Path(__file__).resolve().parent
NAP = 0.02  # seconds between two looks at what has no event to wait for
PIDS_OF_A_RUN = 1000  # more than the processes that one run makes


class Failure(Exception):
    """What came is not what was expected."""


class Skip(Exception):
    """This machine cannot run the test; the text says why."""


def wait_until(condition, seconds, what):
    """Returns condition()'s first true value; Failure when none came in time."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Failure(f"waited {seconds} s in vain: {what}")
        time.sleep(NAP)


def kernel_has(feature):
    """Whether this machine offers what a test's REQUIRES line names."""
    if feature == "root":
        return os.geteuid() == 0
    if feature == "kprobes":
        return pathlib.Path("/sys/bus/event_source/devices/kprobe").exists()
    if feature == "no-kprobes":
        return not kernel_has("kprobes")
    if feature == "cgroups":
        return any(os.access(f"/sys/fs/cgroup/{mount}/cgroup.procs", os.W_OK)
                   for mount in (".", "unified"))
    if feature == "disk":
        # What temporary files are on counts its requests.
        device = os.stat(tempfile.gettempdir()).st_dev
        number = f"{os.major(device)}:{os.minor(device)}"
        return pathlib.Path(f"/sys/dev/block/{number}").exists()
    if feature == "curl":
        return os.access("/usr/bin/curl", os.X_OK)
    raise Failure(f"unknown requirement '{feature}'")


def use_pids_above(low):
    """The next processes have ids above `low`: closures of the tests take those for a user's, and
    ids begin again near 300 whenever they reach the kernel's limit."""
    limit = int(pathlib.Path("/proc/sys/kernel/pid_max").read_text())
    while True:
        process = os.posix_spawn("/bin/true", ["true"], {})
        os.waitpid(process, 0)
        if low < process < limit - PIDS_OF_A_RUN:
            return


class Workload:
    """The workload program, waiting until something is written to its standard input."""

    def __init__(self, program, args, folder):
        os.mkfifo(folder / "go")
        os.mkfifo(folder / "done")
        # Opened for both directions, so that neither end waits for the other to come.
        gate = os.open(folder / "go", os.O_RDWR)
        self.done = os.open(folder / "done", os.O_RDWR)
        with open(folder / "workload.out", "w") as output:
            self.process = subprocess.Popen([program, *args], stdin=gate, stdout=output,
                                            stderr=output)
        os.close(gate)
        self._waiter = threading.Thread(target=self._report_end, daemon=True)
        self._waiter.start()

    def _report_end(self):
        self.process.wait()
        os.write(self.done, b"done\n")

    def stop(self):
        """Ends it if it still runs; a second call does nothing."""
        if self.process.poll() is None:
            self.process.kill()
        self._waiter.join()


class Setup:
    """What all runs share: the programs under test."""

    def __init__(self, nu, plugin, workload, module):
        self.nu, self.plugin, self.workload, self.module = nu, plugin, workload, module
        text = subprocess.run([nu, "--version"], capture_output=True, text=True, check=True).stdout
        self.version = tuple(int(part) for part in text.strip().split("."))


class Shell:
    """A folder, an environment and a command line for one Nushell, and what remains of it."""

    def __init__(self, setup, module=False):
        self.setup = setup
        use_pids_above(1000)
        self.token = uuid.uuid4().hex
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="nu-test."))
        self.workload = None
        self.prefix = []
        prelude = (HERE / "prelude.nu").read_text()
        if module:
            prelude += f'use "{setup.module}" *\n'
        (self.folder / "config.nu").write_text(prelude)
        (self.folder / "env.nu").write_text("")
        self.environment = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": str(self.folder),
            "TMPDIR": str(self.folder),
            "LANG": "C.UTF-8",
            "TERM": "dumb",
            "EBPF_TEST": self.token,
            "FOLDER": str(self.folder),
            "WORKLOAD": setup.workload,
            "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", ""),
        }
        self._before = {program["id"] for program in bpf_programs()}

    def start_workload(self, args):
        self.workload = Workload(self.setup.workload, args, self.folder)
        self.environment["WORKLOAD_PID"] = str(self.workload.process.pid)

    def command_line(self, *arguments):
        return [*self.prefix, self.setup.nu, "--config", str(self.folder / "config.nu"),
                "--env-config", str(self.folder / "env.nu"),
                "--plugin-config", str(self.folder / "plugins.msgpackz"),
                "--plugins", f"[{self.setup.plugin}]", *arguments]

    def run(self, script, seconds):
        """The script's (status, stdout, stderr)."""
        with open(self.folder / "stdout", "wb") as out, open(self.folder / "stderr", "wb") as err:
            process = subprocess.Popen(
                self.command_line("--commands", script), cwd=self.folder, env=self.environment,
                stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True)
            try:
                status = process.wait(timeout=seconds)
            except subprocess.TimeoutExpired:
                self.kill_everything()
                process.wait()
                status = None
        stdout = (self.folder / "stdout").read_text(errors="replace")
        stderr = (self.folder / "stderr").read_text(errors="replace")
        if status is None:
            raise Failure(f"no end within {seconds} s\n{shown(stdout, stderr)}")
        return status, stdout, stderr

    def processes(self):
        """The run's processes: {pid: program name}."""
        found = {}
        marker = f"EBPF_TEST={self.token}".encode()
        for entry in pathlib.Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                if marker in (entry / "environ").read_bytes().split(b"\0"):
                    found[int(entry.name)] = os.path.basename(os.readlink(entry / "exe"))
            except OSError:
                pass  # it ended, or is ending
        return found

    def plugin_pid(self):
        name = os.path.basename(self.setup.plugin)
        return next((pid for pid, exe in self.processes().items() if exe == name), None)

    def kill_everything(self):
        for pid in self.processes():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def check_released(self):
        """Failure if the ended run left a process, a program or a pin, or erred as it ended."""
        if self.workload:
            self.workload.stop()
        try:
            wait_until(lambda: not self.processes(), 20, "the plugin's end after its shell's")
            # The kernel frees a link's program some grace periods after its process is gone.
            wait_until(lambda: not self._leaked(), 20, "the release of the run's BPF programs")
        except Failure as failure:
            leaked = [f"{program['id']} {program['name']}" for program in self._leaked()]
            raise Failure(f"{failure}\nprocesses: {self.processes()}\nprograms: {leaked}") from None
        finally:
            self.kill_everything()
        # A Debug build's sanitizers report as the plugin ends, after its shell.
        stderr = self.folder / "stderr"
        if stderr.exists() and "Sanitizer" in stderr.read_text(errors="replace"):
            raise Failure(stderr.read_text(errors="replace"))
        pins = [str(path) for path in pathlib.Path("/sys/fs/bpf").glob("*vm_*")]
        if pins:
            raise Failure(f"pins left: {pins}")

    def _leaked(self):
        held = programs_held_by()
        return [program for program in bpf_programs()
                if program["name"].startswith("vm_") and program["id"] not in self._before
                and program["id"] not in held]

    def close(self):
        if self.workload:
            self.workload.stop()
            os.close(self.workload.done)
        self.kill_everything()
        shutil.rmtree(self.folder, ignore_errors=True)


class Guest:
    """A Shell's place in a guest: the same folder, with another kernel below. One boot a run."""

    def __init__(self, setup, release, module=False):
        self.setup, self.release = setup, release
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="nu-guest."))
        prelude = (HERE / "prelude.nu").read_text()
        if module:
            prelude += 'use "/test/bpf.nu" *\n'
        (self.folder / "config.nu").write_text(prelude)
        (self.folder / "env.nu").write_text("")
        (self.folder / "workload.args").write_text("")
        shutil.copy(setup.module, self.folder / "bpf.nu")
        shutil.copy(HERE.parent / "vm/nu-in-guest", self.folder / "start")

    def start_workload(self, args):
        (self.folder / "workload.args").write_text(" ".join(args) + "\n")

    def run(self, script, seconds):
        (self.folder / "script.nu").write_text(script)
        files = {self.setup.nu: "/bin/nu", self.setup.plugin: "/bin/nu_plugin_ebpf",
                 self.setup.workload: "/bin/workload", "/usr/sbin/bpftool": "/bin/bpftool",
                 self.folder: "/test"}
        command = [HERE.parent / "vm/guest", "--kernel", self.release, "--timeout", str(seconds)]
        for source, target in files.items():
            command += ["--file", f"{os.path.realpath(source)}:{target}"]
        result = subprocess.run([*command, "--", "sh", "/test/start"], capture_output=True,
                                text=True, errors="replace", check=False)
        stdout, found, stderr = result.stdout.partition("--- stderr\n")
        if not found:
            raise Failure(f"the guest ended early\n{shown(result.stdout, result.stderr)}")
        return result.returncode, stdout, stderr

    def check_released(self):
        """The guest's own script looks, and says so on standard error."""

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)


def bpf_programs():
    output = subprocess.run(["bpftool", "--json", "prog", "show"], capture_output=True,
                            check=True).stdout
    return [{"id": program["id"], "name": program.get("name", "")}
            for program in json.loads(output or b"[]")]


def descriptors_of(pid):
    """What the kernel says of each open descriptor of the processes that `pid`, a pattern, names. A
    process may end meanwhile: its folder is gone between two looks."""
    for process in glob.glob(f"/proc/{pid}/fdinfo"):
        try:
            names = os.listdir(process)
        except OSError:
            continue
        for name in names:
            try:
                yield pathlib.Path(process, name).read_text()
            except OSError:
                pass


def programs_held_by(pid="[0-9]*"):
    """Ids of the programs that a process, or any, holds open itself or by a link."""
    return {int(number) for text in descriptors_of(pid)
            for number in re.findall(r"prog_id:\s*(\d+)", text)}


def links_held_by(pid):
    """How many BPF links a process holds: its attached probes."""
    return sum("link_type:" in text for text in descriptors_of(pid))


def shown(stdout, stderr):
    return f"--- stdout\n{stdout}--- stderr\n{stderr}---"
