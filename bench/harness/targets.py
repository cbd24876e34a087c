"""What we want of a program of one thread, as rows of a table: ratios to the best peer and to the best exact int8
peer, share of the burst, object bytes, seconds to compile.  Ratios hold on a CPU whose best level it is."""
from dataclasses import dataclass


@dataclass
class Target:
    ratio: float = None
    exact: float = None
    share: float = None
    object_bytes: int = None
    compile_s: float = None


NONE = Target()
TARGETS = {
    ("avx512vnni", "mobilenet_v2"): Target(0.47, share=0.80, object_bytes=3750000, compile_s=1.5),
    ("avx512vnni", "resnet50"): Target(0.79, share=0.91, compile_s=3),
    ("avx512vnni", "resnet18"): Target(0.84, share=0.91),
    ("avx512vnni", "resnet8"): Target(0.75, share=0.88),
    ("avx512vnni", "ds_cnn"): Target(0.40, share=0.65, object_bytes=44000),
    ("avx512vnni", "mobilenet_v1_025_96"): Target(0.38, share=0.55),
    ("avx512vnni", "autoencoder"): Target(0.90, share=0.90),
    ("avx512vnni", "linear_int8_128"): Target(0.94),
    ("avx512vnni", "linear_int4_128"): Target(0.68),
    ("avx512vnni", "linear_int4_1"): Target(0.84),
    ("avx2", "mobilenet_v2"): Target(0.78, 0.54, object_bytes=7600000, compile_s=1.5),
    ("avx2", "resnet50"): Target(0.95, 0.67, compile_s=5),
    ("avx2", "resnet18"): Target(0.77, 0.52),
    ("avx2", "resnet8"): Target(0.68, 0.36),
    ("avx2", "ds_cnn"): Target(0.60, 0.50),
    ("avx2", "mobilenet_v1_025_96"): Target(0.65, 0.48),
    ("avx2", "autoencoder"): Target(0.60, 0.60),
    ("avx2", "linear_int8_128"): Target(0.90, 0.90),
    ("avx2", "linear_int4_128"): Target(0.90, 0.90),
    ("avx2", "linear_int4_1"): Target(0.90, 0.90),
}


def target_of(row):
    """Of a row of qcc with one thread."""
    return TARGETS.get((row["program"].split()[-1], row["model"]), NONE) if row["threads"] == 1 else NONE


def with_goal(text, goal, sign="<="):
    """`0.52 (<= 0.47)`"""
    return f"{text} ({sign} {goal})" if text and goal is not None else text
