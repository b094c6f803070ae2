#!/usr/bin/env python3
"""Asks Nushell for the answers in the data files, and compares or writes them.

  ask.py NU FILE...           prints the lines that NU answers otherwise; 1 if there are any
  ask.py --write NU FILE...   writes its answers; a line without " -> " is a new question
"""
import json
import os
import subprocess
import sys
import tempfile


def answers(nu, expressions):
    """What each expression gives as NUON, or "error"; halves the list where Nushell refuses it."""
    source = "".join("{|| " + e + "}\n" for e in expressions)
    script = ("[\n" + source + "] | each {|c| try { do $c | to nuon } catch { 'error' } }"
              " | to json --raw\n")
    with tempfile.NamedTemporaryFile("w", suffix=".nu") as file:
        file.write(script)
        file.flush()
        run = subprocess.run([nu, "-n", file.name], capture_output=True, text=True,
                             env={**os.environ, "TZ": "UTC", "LC_ALL": "C"})
    if run.returncode == 0 and run.stdout.startswith("["):
        return [a.replace("\n", "\\n").replace("\r", "\\r") for a in json.loads(run.stdout)]
    if len(expressions) == 1:
        return ["error"]
    half = len(expressions) // 2
    return answers(nu, expressions[:half]) + answers(nu, expressions[half:])


def main(arguments):
    write = arguments[0] == "--write"
    nu, *files = arguments[1:] if write else arguments
    different = 0
    for name in files:
        with open(name, encoding="utf-8") as file:
            lines = file.read().rstrip("\n").split("\n")
        asked = [i for i, line in enumerate(lines) if line and not line.startswith("#")]
        split = {i: lines[i].rpartition(" -> ") for i in asked}
        questions = [split[i][0] or lines[i] for i in asked]
        for i, question, answer in zip(asked, questions, answers(nu, questions)):
            line = f"{question} -> {answer}"
            if line != lines[i] and not write:
                print(f"{name}:{i + 1}: {lines[i]}\n  but Nushell says: {answer}")
                different += 1
            lines[i] = line
        if write:
            with open(name, "w", encoding="utf-8") as file:
                file.write("\n".join(lines) + "\n")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
