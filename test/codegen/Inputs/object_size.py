"""Bytes of objects of whole models, weights included: object_size.py DIR.  Ends with 1 where one is larger than
its limit."""
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', '..', '..', 'bench'))
import models  # noqa: E402

LIMITS = {  # model: {(target, level): bytes}
    'mobilenet_v2': {('x86_64', 'avx512vnni'): 3750000, ('aarch64', 'dotprod'): 3730000, ('aarch64', 'i8mm'): 3735000},
    'ds_cnn': {('x86_64', 'avx512vnni'): 42500, ('aarch64', 'dotprod'): 41000, ('aarch64', 'i8mm'): 43000},
}


def main():
    work, large = sys.argv[1], False
    os.makedirs(work, exist_ok=True)
    for model, limits in LIMITS.items():
        path = os.path.join(work, model)
        with open(path + '.onnx', 'wb') as out:
            out.write(models.build(model, 'u8s8')[0])
        for (target, level), most in limits.items():
            subprocess.run(['qcc', '-target=' + target, '-mlevel=' + level, '-name=m', path + '.onnx', '-o', path + '.o'], check=True)
            size = os.path.getsize(path + '.o')
            large |= size > most
            print(f'{model} {level}: {size} bytes{"" if size <= most else f", more than {most}"}')
    return large


if __name__ == '__main__':
    sys.exit(main())
