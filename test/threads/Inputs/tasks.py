"""Every STEPth case of the kernel tests, from the FIRSTth of each group on, as up to 64 tasks in several
orders: same bytes as one.  Usage: tasks.py LEVEL FIRST STEP DIR"""
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', '..', 'codegen', 'Inputs'))
import cases  # noqa: E402

COUNTS = '1,2,3,7,16,64'


def main():
    level, first, step, work = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    os.makedirs(work, exist_ok=True)
    path = os.path.join(work, 'case.qir')
    count = 0
    for group in cases.GROUPS:
        for name, text in list(cases.cases(group))[first::step]:
            with open(path, 'w') as f:
                f.write(text)
            done = subprocess.run(['qir-run', path, '-random=7', '-hash', '-jit', '-mlevel=' + level,
                                   '-tasks=' + COUNTS], capture_output=True, text=True)
            if done.returncode:
                sys.exit(f'{group} {name} at {level}: {done.stderr}')
            count += 1
    print(f'{level}: {count} cases of {len(cases.GROUPS)} groups equal')


main()
