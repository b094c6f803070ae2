#!/usr/bin/env python3
"""Flame graphs and plots in a real browser: drawn by the plugin, opened in headless Chromium, used
by clicks and keys, and looked at through the document that comes of it.

  tests/nu/browser.py --nu NU --plugin PLUGIN --workload WORKLOAD NAME

runs test_NAME below. Exits 77 where there is no Chromium. A test's script runs inside the picture
after the picture's own, and what it gives is the test's to judge.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys

import harness
from harness import Failure

SECONDS = 90  # a browser's start on a busy machine takes some of them

# What the scripts of the tests have at hand.
HELPERS = """
const svg = document.documentElement;
const frames = Array.from(svg.querySelectorAll(".frames > g"));
const title = (frame) => frame.querySelector("title").textContent;
const named = (name) => frames.find((frame) => title(frame).split("\\n")[0] === name);
const box = (frame) => {
  const rect = frame.querySelector("rect");
  return {x: +rect.getAttribute("x"), width: +rect.getAttribute("width"),
          words: frame.querySelector("text")?.textContent ?? "",
          shown: getComputedStyle(frame).display !== "none"};
};
const click = (element) => element.dispatchEvent(new MouseEvent("click", {bubbles: true}));
const press = (key, more = {}) =>
    window.dispatchEvent(new KeyboardEvent("keydown", {key, cancelable: true, ...more}));
const type = (text) => {
  const input = svg.querySelector("input");
  input.value = text;
  input.dispatchEvent(new Event("input"));
};
const text = (name) => svg.querySelector(name).textContent;
// The shown frames whose words stick out of their box.
const sticking = () => frames.filter((frame) => {
  const words = frame.querySelector("text");
  return words?.textContent && getComputedStyle(frame).display !== "none" &&
      words.getComputedTextLength() > +frame.querySelector("rect").getAttribute("width") - 2;
}).map(title);
"""

STACKS = """[
  {ustack: [read handle main] kstack: ['vfs_read+0x1' 'do_syscall_64+0x5b'] value: 60}
  {ustack: ['operator<<(std::ostream&, "x" && y)' handle main] kstack: [] value: 30}
  {ustack: ['größe<λ>' main] kstack: ['nf_hook+0x7 [nf_tables]' 'do_syscall_64+0x1'] value: 10}
]"""


def draw(shell, script):
    """The picture that a Nushell script gives, as text."""
    status, stdout, stderr = shell.run(script + " | save --force picture.svg", 60)
    if status != 0 or stdout or stderr:
        raise Failure(f"status {status}\n{harness.shown(stdout, stderr)}")
    return (shell.folder / "picture.svg").read_text()


def browse(shell, picture, script="", fragment=""):
    """Opens the picture, runs the script in it, and gives its result."""
    path = shell.folder / "opened.svg"
    inside = f"""<script><![CDATA[
      {{ {HELPERS}
        let result;
        try {{ result = (() => {{ {script} }})(); }} catch (error) {{ result = String(error); }}
        document.documentElement.setAttribute("data-result", JSON.stringify(result ?? null)); }}
    ]]></script></svg>"""
    head, end, _ = picture.rpartition("</svg>")
    if not end:
        raise Failure("the picture is not closed")
    path.write_text(head + inside)
    run = subprocess.run(
        ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
         f"--user-data-dir={shell.folder}/chromium", "--dump-dom", f"file://{path}{fragment}"],
        capture_output=True, text=True, timeout=SECONDS, env={**os.environ,
                                                              "HOME": str(shell.folder)})
    found = re.search(r'data-result="([^"]*)"', run.stdout)
    if not found:
        raise Failure(f"no result from the browser\n{run.stdout[:2000]}\n{run.stderr[-2000:]}")
    # In the dump of the document the attribute is escaped.
    return json.loads(found[1].replace("&quot;", '"').replace("&lt;", "<").replace("&gt;", ">")
                      .replace("&amp;", "&"))


def expect(got, wanted, what):
    if got != wanted:
        raise Failure(f"{what}: {got!r}, not {wanted!r}")


def test_frames(shell):
    """Every frame is there with its name and numbers, kernel on top, words inside the boxes."""
    picture = draw(shell, STACKS + " | bpf-flamegraph --title 'a <b> & c'")
    got = browse(shell, picture, """
      return {titles: frames.map(title), sticking: sticking(),
              heading: text("text.title"), live: svg.classList.contains("live"),
              on_top: +named("vfs_read").querySelector("rect").getAttribute("y") <
                      +named("main").querySelector("rect").getAttribute("y")};""")
    expect(got["heading"], "a <b> & c", "the title")
    expect(got["live"], True, "the picture's own script ran")
    expect(got["on_top"], True, "the kernel's frames lie on top")
    expect(got["sticking"], [], "words outside their box")
    expect(sorted(name.split("\n")[0] for name in got["titles"]),
           sorted(["all", "main", "handle", "read", "do_syscall_64", "vfs_read",
                   'operator<<(std::ostream&, "x" && y)', "größe<λ>", "do_syscall_64",
                   "nf_hook [nf_tables]"]), "the frames")
    if "handle\n90 (90.00%)" not in got["titles"]:
        raise Failure(f"no share of 90%: {got['titles']}")


def test_zoom(shell):
    """A click gives a frame the whole width, hides its neighbours, and the reset undoes it."""
    picture = draw(shell, STACKS + " | bpf-flamegraph --width 700")
    got = browse(shell, picture, """
      const before = frames.map(box);
      click(named("größe<λ>").querySelector("rect"));
      const zoomed = {self: box(named("größe<λ>")), root: box(named("main")),
                      other: box(named("handle")), above: box(named("nf_hook [nf_tables]")),
                      sticking: sticking(), hash: location.hash,
                      reset: !svg.querySelector(".reset").classList.contains("off")};
      click(svg.querySelector(".reset"));
      const same = frames.map(box).every((now, i) => now.shown === before[i].shown &&
          now.words === before[i].words && Math.abs(now.x - before[i].x) < 0.01 &&
          Math.abs(now.width - before[i].width) < 0.01);
      click(named("handle"));
      press("Escape");
      return {...zoomed, before: box(named("größe<λ>")), same, hash_after: location.hash};""")
    expect(got["before"]["words"], "größe<λ>", "words before")
    expect(round(got["self"]["x"]), 12, "the left edge")
    expect(round(got["self"]["width"]), 675, "the width of the zoomed frame")
    expect(got["above"]["words"], "nf_hook [nf_tables]", "words above it")
    expect(round(got["root"]["width"]), 675, "the width of what it stands on")
    expect(got["other"]["shown"], False, "its neighbour is shown")
    expect(got["sticking"], [], "words outside their box")
    expect(got["reset"], True, "the reset is offered")
    expect("zoom=" in got["hash"], True, "the address has the zoom")
    expect(got["same"], True, "everything is back after the reset")
    expect(got["hash_after"].strip("#"), "", "the address after Esc")


def test_search(shell):
    """Ctrl-F, a regex or any text; the matched share counts no width twice."""
    picture = draw(shell, STACKS + " | bpf-flamegraph")
    got = browse(shell, picture, """
      press("f", {ctrlKey: true});
      const opened = svg.querySelector("input") !== null;
      const shares = {};
      for (const pattern of ["^read$", "read|handle", "HANDLE", "operator<<(", "λ", "zzz", "["]) {
        type(pattern);
        shares[pattern] = [text(".matched"), svg.querySelectorAll(".hit").length];
      }
      type("handle");
      press("Escape");
      return {opened, shares, closed: svg.querySelector("input") === null,
              left: svg.querySelectorAll(".hit").length, matched: text(".matched")};""")
    expect(got["opened"], True, "Ctrl-F opens the search")
    expect(got["shares"], {
        "^read$": ["60.00% matches", 1],
        "read|handle": ["90.00% matches", 3],
        "HANDLE": ["nothing matches", 0],
        "operator<<(": ["30.00% matches", 1],
        "λ": ["10.00% matches", 1],
        "zzz": ["nothing matches", 0],
        "[": ["10.00% matches", 1],
    }, "the shares")
    expect([got["closed"], got["left"], got["matched"]], [True, 0, ""], "after Esc")


def test_address(shell):
    """Search and zoom can be part of the address."""
    picture = draw(shell, STACKS + " | bpf-flamegraph")
    index = browse(shell, picture, "return frames.indexOf(named('handle'));")
    got = browse(shell, picture, """
      return {matched: text(".matched"), width: box(named("handle")).width,
              input: svg.querySelector("input").value};""", f"#search=%5Eread&zoom={index}")
    expect([got["matched"], round(got["width"]), got["input"]], ["60.00% matches", 1175, "^read"],
           "the view")


def test_many(shell):
    """Ten thousand frames: whole, quick, and none sticks out."""
    picture = draw(shell, """
      0..9999
      | each {|i| {stack: [$"leaf_function_number_($i)" $"middle_($i // 100)" main] count: 1}}
      | bpf-flamegraph --inverted""")
    got = browse(shell, picture, """
      const start = performance.now();
      for (const frame of frames.slice(0, 60)) click(frame);
      press("f", {ctrlKey: true});
      type("leaf_.*7$");
      return {count: frames.length, sticking: sticking(), matched: text(".matched"),
              milliseconds: (performance.now() - start) / 61};""")
    expect(got["count"], 10102, "the frames")
    expect(got["sticking"], [], "words outside their box")
    expect(got["matched"], "10.00% matches", "the share")
    print(f"{got['milliseconds']:.0f} ms for a zoom or a search")
    if got["milliseconds"] > 2000:
        raise Failure("too slow to be used")


def test_plots(shell):
    """Histograms and heat maps are well-formed, and their words lie inside the picture."""
    histogram = """0..9 | each {|i| {key: $"<k> ($i mod 2)" low: (2 ** $i * 1us)
        high: (2 ** ($i + 1) * 1us) count: ($i * $i)}}"""
    words = """
      const width = +svg.getAttribute("width");
      const outside = Array.from(svg.querySelectorAll("text")).filter((text) => {
        const place = text.getBBox();
        return place.x < 0 || place.x + place.width > width;
      }).map((text) => text.textContent);"""
    got = browse(shell, draw(shell, f"{histogram} | bpf-maps plot --width 500"), words + """
      return {outside, bars: svg.querySelectorAll(".bar").length};""")
    expect(got, {"outside": [], "bars": 9}, "the histogram")
    got = browse(shell, draw(shell, f"""
        0..200 | each {{|t| {histogram} | insert time ($t * 1sec)}} | flatten
        | bpf-maps plot --width 800"""), words + """
      return {outside, cells: svg.querySelectorAll(".cell").length};""")
    expect(got["outside"], [], "words outside the heat map")
    expect(got["cells"] > 500, True, "the heat map's cells")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--nu", required=True)
    parser.add_argument("--plugin", required=True)
    parser.add_argument("--workload", required=True)
    parser.add_argument("name", nargs="?")
    options = parser.parse_args()
    if not shutil.which("chromium"):
        print("SKIPPED: needs chromium")
        sys.exit(77)
    setup = harness.Setup(options.nu, os.path.abspath(options.plugin),
                          os.path.abspath(options.workload), harness.HERE / "../../plugin/bpf.nu")
    tests = {name.removeprefix("test_"): test for name, test in globals().items()
             if name.startswith("test_")}
    failed = False
    for name in [options.name] if options.name else tests:
        shell = harness.Shell(setup)
        try:
            tests[name](shell)
            shell.check_released()
            print(f"passed: {name}")
        except (Failure, subprocess.TimeoutExpired) as failure:
            print(f"FAILED: {name}\n{failure}")
            failed = True
        finally:
            shell.close()
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
