#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""dieharder.py WORDS MODE FORM [TEST[:NTUPLE]...]: dieharder judges the words of one mode, written by one form.

Runs dieharder -a, or only the tests named. A test that is FAILED fails. One that is WEAK (1 in 100 for true random
words too) is repeated with another key and fails unless it passes there. Same words, same verdict on every run."""
import shutil
import subprocess
import sys

KEY, OTHER_KEY = 1, 10**18  # a run that counts keys up from one never reaches the other
TUPLED = {200, 201, 202, 203}  # the tests that dieharder -a runs with several -n; the others choose their own


def run(program, mode, form, key, *options):
    """Yields (test number, name, ntuple, samples, p value, assessment) as dieharder prints them."""
    words = subprocess.Popen([program, "--form", form, "--key", str(key), mode], stdout=subprocess.PIPE)
    command = ["dieharder", "-g", "200", "-c", ",", *options]
    for field in "show_num", "test_name", "ntuple", "psamples", "pvalues", "assessment":
        command += ["-D", field]
    judge = subprocess.Popen(command, stdin=words.stdout, stdout=subprocess.PIPE, text=True)
    words.stdout.close()
    for line in judge.stdout:
        if "," not in line:  # test 207 says on standard output that it begins
            continue
        name, number, ntuple, samples, p, assessment = (part.strip() for part in line.split(","))
        yield int(number), name, int(ntuple), int(samples), float(p), assessment
    if judge.wait():
        sys.exit(f"dieharder ended with status {judge.returncode}")
    if words.wait() == 77:
        sys.exit(77)


def select(number, ntuple):
    """The options that run one test alone."""
    return ["-d", str(number)] + (["-n", str(ntuple)] if number in TUPLED else [])


def main():
    program, mode, form, *chosen = sys.argv[1:]
    if not shutil.which("dieharder"):
        print("dieharder is not installed: tools/setup/packages nightly")
        sys.exit(77)
    runs = [select(*(int(part) for part in (test + ":0").split(":")[:2])) for test in chosen] or [["-a"]]
    counts = {"PASSED": 0, "WEAK": 0, "FAILED": 0}
    failed, weak = [], {}
    for options in runs:
        for result in run(program, mode, form, KEY, *options):
            counts[result[-1]] += 1
            print(mode, form, *result, flush=True)
            if result[-1] == "FAILED":
                failed.append(result)
            elif result[-1] == "WEAK":
                weak.setdefault(tuple(select(result[0], result[2])), []).append(result)
    for options, results in weak.items():
        again = list(run(program, mode, form, OTHER_KEY, *options))
        for result in again:
            print(mode, form, "again", *result, flush=True)
        failed += [r for r in results if any(a[1:3] == r[1:3] and a[-1] != "PASSED" for a in again)]
    print(f"{mode} {form}: {counts['PASSED']} passed, {counts['WEAK']} weak, {counts['FAILED']} failed; after repeats "
          f"{len(failed)} failed")
    if not chosen and sum(counts.values()) < 100:
        sys.exit("dieharder -a should print more than 100 results")
    sys.exit(bool(failed))


main()
