#!/usr/bin/env python3
"""Assembles a PT2 archive, as torch.export.save writes them, from text: mkpt2.py FILE -o OUT

Lines that are no statements (RUN lines, comments) are skipped:

    input NAME TYPE DIMS           dims like 2x3, s for rank 0; a dimension may be {expression}
    param NAME TYPE DIMS [= VALUES] [strides=1,8] [offset=N] [storage=OTHER] [values of the storage]
    buffer NAME ..., constant NAME ...
    node NAME = TARGET ARG=VALUE ... -> TYPE DIMS [, TYPE DIMS ...]     results NAME, NAME_1, ...
    list NAME = TARGET ...  -> ...                                      one list of results
    sym NAME = TARGET ARG=VALUE ...                                     a symbolic integer
    output NAME | output none
    mutate BUFFER NAME
    range EXPRESSION LOW HIGH
    program NAME                   what follows belongs to another program

Values: 1, 2.5, true, none, 'text', :dtype, a name, or a list [a,b]."""
import json
import re
import struct
import sys
import zipfile

DTYPES = {"u8": (1, "B"), "i8": (2, "b"), "i16": (3, "h"), "i32": (4, "i"), "i64": (5, "q"),
          "f16": (6, "e"), "f32": (7, "f"), "f64": (8, "d"), "i1": (12, "?"), "bf16": (13, "H")}
ROLES = {"param": ("p_", "parameter", "parameter_name"), "buffer": ("b_", "buffer", "buffer_name"),
         "constant": ("c_", "tensor_constant", "tensor_constant_name")}


def dims_of(text):
    return [] if text == "s" else re.findall(r"\{[^}]*\}|\d+", text)


def size(dim):
    if dim.startswith("{"):
        return {"as_expr": {"expr_str": dim[1:-1], "hint": {"as_int": 7}}}
    return {"as_int": int(dim)}


def meta(dtype, dims, strides=None, offset=0):
    dense, step = [], 1
    for d in reversed(dims):
        dense.insert(0, step)
        step *= 7 if d.startswith("{") else int(d)
    return {"dtype": DTYPES[dtype][0], "sizes": [size(d) for d in dims], "requires_grad": False,
            "device": {"type": "cpu", "index": None},
            "strides": [{"as_int": s} for s in (dense if strides is None else strides)],
            "storage_offset": {"as_int": offset}, "layout": 7}


class Program:
    def __init__(self, name):
        self.name = name
        self.inputs, self.specs, self.outputs, self.nodes = [], [], [], []
        self.values, self.symbols, self.ranges = {}, {}, {}
        self.weights, self.constants = {}, {}

    def argument(self, text):
        if text.startswith("["):
            items = [self.argument(t) for t in filter(None, text[1:-1].split(","))]
            kinds = {next(iter(i)) for i in items}
            if kinds <= {"as_int"}:
                return {"as_ints": [i["as_int"] for i in items]}
            if kinds <= {"as_float"}:
                return {"as_floats": [i["as_float"] for i in items]}
            if kinds <= {"as_tensor"}:
                return {"as_tensors": [i["as_tensor"] for i in items]}
            if "as_none" in kinds:
                return {"as_optional_tensors": items}
            return {"as_sym_ints": [i.get("as_sym_int", i) for i in items]}
        if re.fullmatch(r"-?\d+", text):
            return {"as_int": int(text)}
        if re.fullmatch(r"-?[\d.]+(e-?\d+)?", text):
            return {"as_float": float(text)}
        if text in ("true", "false"):
            return {"as_bool": text == "true"}
        if text == "none":
            return {"as_none": True}
        if text.startswith("'"):
            return {"as_string": text.strip("'")}
        if text.startswith(":"):
            return {"as_scalar_type": DTYPES[text[1:]][0]}
        if text in self.symbols:
            return {"as_sym_int": {"as_name": text}}
        return {"as_tensor": {"name": text}}

    def node(self, name, target, words, outputs):
        args = [w.split("=", 1) for w in words]
        target = target if target.startswith("_operator") else "torch.ops." + target
        self.nodes.append({"target": target, "name": name, "outputs": outputs, "is_hop_single_tensor_return": None,
                           "inputs": [{"name": k, "arg": self.argument(v), "kind": 1} for k, v in args],
                           "metadata": {"nn_module_stack": f"L__self__,,M;L__self___net,net.{name},torch.nn.Module"}})

    def json(self):
        graph = {"inputs": self.inputs, "outputs": [o for o, _ in self.outputs], "nodes": self.nodes,
                 "tensor_values": self.values, "sym_int_values": self.symbols, "sym_bool_values": {},
                 "is_single_tensor_return": False, "custom_obj_values": {}, "sym_float_values": {}}
        signature = {"input_specs": self.specs, "output_specs": [s for _, s in self.outputs]}
        return {"graph_module": {"graph": graph, "signature": signature, "module_call_graph": [],
                                 "metadata": {}, "treespec_namedtuple_fields": {}},
                "opset_version": {"aten": 10}, "range_constraints": self.ranges, "guards_code": [],
                "schema_version": {"major": 8, "minor": 20}, "verifiers": ["TRAINING"],
                "torch_version": "2.13.0"}


class Archive:
    """`members` can be changed before it is written."""

    def __init__(self, text):
        self.programs, self.members, self.storages, self.count = [], {}, {}, 0
        self.current = None
        for line in text.splitlines():
            self.statement(line.split())

    def program(self):
        if not self.current:
            self.statement(["program", "model"])
        return self.current

    def statement(self, words):
        handler = getattr(self, "on_" + words[0], None) if words and words[0].isalpha() else None
        if handler:
            handler(words)

    def on_program(self, words):
        self.current = Program(words[1])
        self.programs.append(self.current)

    def on_input(self, words):
        p = self.program()
        p.values[words[1]] = meta(words[2], dims_of(words[3]))
        p.inputs.append({"as_tensor": {"name": words[1]}})
        p.specs.append({"user_input": {"arg": {"as_tensor": {"name": words[1]}}}})

    def stored(self, words):
        p, (kind, name, dtype, dims) = self.program(), words[:4]
        prefix, arm, key = ROLES[kind]
        options = dict(w.split("=") for w in words[4:] if re.match(r"\w+=", w))
        numbers = [w for w in words[4:] if re.match(r"-?[\d.]", w)]
        strides = [int(s) for s in options["strides"].split(",")] if "strides" in options else None
        described = meta(dtype, dims_of(dims), strides, int(options.get("offset", 0)))
        value = prefix + name.replace(".", "_")
        folder = "constants/tensor_" if kind == "constant" else "weights/weight_"
        path = self.storages.get(options.get("storage"))
        if not path:
            path = folder + str(self.count)
            self.count += 1
            cast = float if dtype[0] == "f" else int
            data = struct.pack(f"<{len(numbers)}{DTYPES[dtype][1]}", *(cast(float(n)) for n in numbers))
            self.members["data/" + path] = data
        self.storages[name] = path
        p.values[value] = described
        p.inputs.append({"as_tensor": {"name": value}})
        spec = {"arg": {"name": value}, key: name}
        if kind == "buffer":
            spec["persistent"] = True
        p.specs.append({arm: spec})
        (p.constants if kind == "constant" else p.weights)[name] = {
            "path_name": path.split("/")[1], "is_param": kind == "param", "use_pickle": False,
            "tensor_meta": described}

    on_param = on_buffer = on_constant = stored

    def results(self, words):
        at = words.index("->")
        parts = [t.split() for t in " ".join(words[at + 1:]).split(", ")]
        names = [words[1] + (f"_{i}" if i else "") for i in range(len(parts))]
        for name, (dtype, dims) in zip(names, parts):
            self.program().values[name] = meta(dtype, dims_of(dims))
        return words[4:at], [{"name": n} for n in names]

    def on_node(self, words):
        args, names = self.results(words)
        self.program().node(words[1], words[3], args, [{"as_tensor": n} for n in names])

    def on_list(self, words):
        args, names = self.results(words)
        self.program().node(words[1], words[3], args, [{"as_tensors": names}])

    def on_sym(self, words):
        p = self.program()
        p.node(words[1], words[3], words[4:], [{"as_sym_int": {"as_name": words[1]}}])
        p.symbols[words[1]] = {"as_int": 7}

    def on_output(self, words):
        value = {"as_none": True} if words[1] == "none" else {"as_tensor": {"name": words[1]}}
        self.program().outputs.append((value, {"user_output": {"arg": value}}))

    def on_mutate(self, words):
        value = {"as_tensor": {"name": words[2]}}
        self.program().outputs.append((value, {"buffer_mutation": {"arg": {"name": words[2]},
                                                                   "buffer_name": words[1]}}))

    def on_range(self, words):
        self.program().ranges[words[1]] = {"min_val": int(words[2]), "max_val": int(words[3])}

    def all_members(self):
        members = dict(self.members)
        for p in self.programs:
            members[f"data/weights/{p.name}_weights_config.json"] = json.dumps({"config": p.weights})
            members[f"data/constants/{p.name}_constants_config.json"] = json.dumps({"config": p.constants})
            members[f"models/{p.name}.json"] = json.dumps(p.json())
        members.update({"archive_format": "pt2", "archive_version": "0", "byteorder": "little"})
        return members


def write(path, members, root="archive/", method=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", method) as z:
        for name, data in members.items():
            z.writestr(root + name, data)


if __name__ == "__main__":
    with open(sys.argv[1]) as source:
        write(sys.argv[3], Archive(source.read()).all_members())
