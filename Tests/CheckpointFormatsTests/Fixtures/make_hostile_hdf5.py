"""Writes the small HDF5 fixtures of the reader's tests beside this file.

Run with h5py installed: python3 make_hostile_hdf5.py. `good_*` must be read, `bad_*` refused.
"""

import os
import struct

import h5py
import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
VALUES = np.arange(6, dtype="<f4").reshape(2, 3)


def fixture(name, **options):
    options.setdefault("libver", ("earliest", "v108"))
    return h5py.File(os.path.join(HERE, name + ".h5"), "w", **options)


def patch(name, old, new):
    """Replaces the one occurrence of `old` in a fixture: what no library writes."""
    path = os.path.join(HERE, name + ".h5")
    with open(path, "rb") as file:
        data = file.read()
    assert data.count(old) == 1 and len(old) == len(new), (name, data.count(old))
    with open(path, "wb") as file:
        file.write(data.replace(old, new))


def good():
    with fixture("good_types") as f:
        for kind in ("<f2 >f2 <f4 >f4 <f8 >f8 i1 u1 <i2 >i2 <i4 >i4 <i8 >i8 <u2 <u4 >u4").split():
            name = kind.replace("<", "little_").replace(">", "big_")
            f.create_dataset(name, data=VALUES.astype(kind))
        f["truth"] = np.array([True, False, True])
        f["scalar"] = np.float32(2.5)
        f["none"] = np.zeros((0, 3), "f4")
        bits = np.array([0x3F80, 0xC000, 0x7FC1], "<u2")
        brain = f.create_dataset("brain", data=bits.view("V2"))
        brain.attrs["dtype"] = "bfloat16"
        f.create_dataset("gzip", data=np.tile(VALUES, (20, 1)), chunks=(7, 3), compression="gzip",
                         shuffle=True, fletcher32=True)
    with fixture("good_attributes") as f:
        f.attrs["fixed"] = np.bytes_(b"tensorflow")
        f.attrs["variable"] = "caf\u00e9"
        f.attrs["fixed_list"] = np.array([b"a", b"bcd"])
        f.attrs["variable_list"] = ["x", "", "zz"]
        f.attrs["empty_list"] = np.zeros((0,), "f8")
        f.attrs["null"] = h5py.Empty("f4")
        f.attrs["integer"] = np.int32(-7)
        f.attrs["integers"] = np.array([1, 2], ">u2")
        f.attrs["doubles"] = np.array([0.5, -1], "f4")
        f.attrs["truth"] = True
        spaces = h5py.h5t.C_S1.copy()
        spaces.set_size(4)
        spaces.set_strpad(h5py.h5t.STR_SPACEPAD)
        attribute = h5py.h5a.create(f.id, b"spaces", spaces, h5py.h5s.create(h5py.h5s.SCALAR))
        attribute.write(np.array(b"ab  ", "S4"))


    with fixture("good_latest", libver=("v110", "v110"), track_order=True) as f:
        for index in range(12):
            f.attrs[f"a{index}"] = index
            f[f"d{index}"] = VALUES + index
        f.create_dataset("chunked", data=VALUES, chunks=(1, 3), maxshape=(None, 3))


def keras():
    def layer(parent, name, weights):
        group = parent.create_group(name)
        group.attrs["weight_names"] = [w.encode() for w in weights] or np.zeros((0,), "f8")
        for index, weight in enumerate(weights):
            group[weight] = VALUES + index

    with fixture("good_keras_split") as f:
        f.attrs["layer_names0"] = [b"conv", b"relu"]
        f.attrs["layer_names1"] = [b"norm"]
        f.attrs["backend"] = b"tensorflow"
        f.attrs["keras_version"] = b"2.2.4"
        layer(f, "conv", ["conv_1/kernel:0", "conv_1/bias:0"])
        layer(f, "relu", [])
        layer(f, "norm", ["norm/gamma:0"])
        f["norm/norm/forgotten:0"] = VALUES
    with fixture("good_keras_model") as f:
        f.attrs["model_config"] = '{"class_name": "Model"}'
        group = f.create_group("model_weights")
        group.attrs["layer_names"] = ["conv"]
        group.attrs["keras_version"] = "2.15.0"
        group.attrs["backend"] = "tensorflow"
        layer(group, "conv", ["conv/kernel:0"])
        f["optimizer_weights/Adam/m:0"] = VALUES
    with fixture("bad_keras_theano") as f:
        f.attrs["layer_names"] = [b"conv"]
        f.attrs["backend"] = b"theano"
        layer(f, "conv", ["conv/kernel:0"])
    with fixture("bad_keras_weight_missing") as f:
        f.attrs["layer_names"] = [b"conv"]
        layer(f, "conv", ["conv/kernel:0"])
        del f["conv/conv/kernel:0"]
    with fixture("bad_keras_weight_path") as f:
        f.attrs["layer_names"] = [b"conv"]
        f.create_group("conv").attrs["weight_names"] = [b"../conv/kernel:0"]
    with fixture("bad_keras_names_are_numbers") as f:
        f.attrs["layer_names"] = np.arange(3)
    with fixture("bad_keras_weight_twice") as f:
        f.attrs["layer_names"] = [b"conv"]
        layer(f, "conv", ["conv/kernel:0"])
        f["conv"].attrs["weight_names"] = [b"conv/kernel:0", b"conv/kernel:0"]
    with fixture("bad_keras_weights3") as f:
        f["layers/conv/vars/0"] = VALUES
    with fixture("bad_keras_zero") as f:
        f.attrs["nb_layers"] = 1
    with fixture("bad_keras_other") as f:
        f["x"] = VALUES


def links():
    with fixture("bad_soft_link") as f:
        f["x"] = VALUES
        f["y"] = h5py.SoftLink("/x")
    with fixture("bad_external_link") as f:
        f["y"] = h5py.ExternalLink("/etc/passwd", "/x")
    with fixture("bad_cycle") as f:
        f.create_group("a/b")
        f["a/b/c"] = f["a"]
    with fixture("bad_two_links") as f:
        f["x"] = VALUES
        f["y"] = f["x"]
    with fixture("bad_deep") as f:
        f.create_group("/".join(["g"] * 33))
    with fixture("bad_link_name") as f:
        f["aXb"] = VALUES
    patch("bad_link_name", b"aXb\0", b"a/b\0")
    with fixture("bad_named_datatype") as f:
        f["t"] = np.dtype("f4")


def storage():
    with fixture("bad_external_storage") as f:
        f.create_dataset("x", (16,), "u1", external=[("/etc/passwd", 0, 16)])
    with fixture("bad_virtual", libver=("v110", "v110")) as f:
        layout = h5py.VirtualLayout((4,), "f4")
        layout[:] = h5py.VirtualSource("/etc/passwd", "x", (4,))
        f.create_virtual_dataset("x", layout)
    with fixture("bad_shape_bomb") as f:
        f.create_dataset("x", (1 << 20, 1 << 20), "f4", chunks=(1024, 1024))
    with fixture("bad_contiguous_bomb") as f:
        f.create_dataset("x", (1 << 20, 1 << 20), "f4")
    with fixture("bad_shape_overflow") as f:
        f.create_dataset("x", (1 << 30, 1 << 30, 1 << 20), "f4", chunks=(1, 1, 1))
    with fixture("bad_zero_bomb") as f:
        f.create_dataset("x", data=np.zeros(8 << 20, "u1"), chunks=(8 << 20,), compression="gzip",
                         compression_opts=9)
    with fixture("bad_rank") as f:
        f.create_dataset("x", data=np.zeros((1,) * 20, "f4"))
    with fixture("bad_null_shape") as f:
        f["x"] = h5py.Empty("f4")
    for name, options in [("lzf", {"compression": "lzf"}), ("scale_offset", {"scaleoffset": 4})]:
        with fixture("bad_" + name) as f:
            f.create_dataset("x", data=np.tile(VALUES, (20, 1)), chunks=True, **options)


def datatypes():
    with fixture("bad_compound") as f:
        f["x"] = np.zeros(2, [("a", "f4"), ("b", "i4")])
    with fixture("bad_sequences") as f:
        f.create_dataset("x", (2,), h5py.vlen_dtype("f4"))[0] = VALUES[0]
    with fixture("bad_text") as f:
        f["x"] = ["a", "b"]
    with fixture("bad_reference") as f:
        f.create_dataset("x", (1,), h5py.ref_dtype)[0] = f.ref
    with fixture("bad_opaque") as f:
        f.create_dataset("x", data=np.zeros(2, "V3"))
    with fixture("bad_complex") as f:
        f["x"] = np.zeros(2, "c8")
    with fixture("bad_unsigned_64") as f:
        f["x"] = np.zeros(2, "u8")
    with fixture("bad_float_layout") as f:
        kind = h5py.h5t.IEEE_F32LE.copy()
        kind.set_ebias(100)
        space = h5py.h5s.create_simple((2,))
        dataset = h5py.h5d.create(f.id, b"x", kind, space)
        dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, VALUES[0, :2].copy())
    with fixture("bad_truth") as f:
        f["x"] = np.array([True, False] * 8)
    patch("bad_truth", b"\1\0" * 8, b"\1\2" * 8)
    with fixture("bad_attribute_type") as f:
        f.attrs["x"] = np.zeros(2, [("a", "f4")])
    with fixture("bad_attribute_text") as f:
        f.attrs["x"] = np.array([b"\xff\xfe"])
    with fixture("bad_user_block", userblock_size=512) as f:
        f.attrs["x"] = 1
    with fixture("bad_global_heap") as f:
        f.attrs["x"] = "a" * 40
    damage_heap("bad_global_heap")


def damage_heap(name):
    """Gives the only object of the global heap a size far past the heap's end."""
    path = os.path.join(HERE, name + ".h5")
    with open(path, "r+b") as file:
        data = bytearray(file.read())
        place = data.index(b"GCOL") + 16 + 8
        data[place:place + 8] = struct.pack("<Q", 1 << 40)
        file.seek(0)
        file.write(data)


for make in [good, keras, links, storage, datatypes]:
    make()
