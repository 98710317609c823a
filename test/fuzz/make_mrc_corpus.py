#!/usr/bin/env python3
"""Make the seeds of test/fuzz/corpus/mrc: tiny maps with one trait each.

usage: make_mrc_corpus.py FOLDER
"""
import gzip
import os
import struct
import sys


def header(order="<", n=(3, 2, 4), mode=2, **words):
    """1024 bytes; words are given as w<number> (from 1) with an int or a float."""
    b = bytearray(1024)
    stamp = b"DD\0\0" if order == "<" else b"\x11\x11\0\0"
    struct.pack_into(order + "10i", b, 0, *n, mode, 0, 0, 0, *n)
    struct.pack_into(order + "6f", b, 40, *[2.0 * k for k in n], 90, 90, 90)
    struct.pack_into(order + "3i", b, 64, 1, 2, 3)
    struct.pack_into(order + "3f", b, 76, 0, -1, -2)
    struct.pack_into(order + "i", b, 88, 1)
    struct.pack_into(order + "i", b, 108, 20141)
    b[208:216] = b"MAP " + stamp
    struct.pack_into(order + "fi", b, 216, -1, 1)
    b[224:304] = b"seed".ljust(80)
    for name, value in words.items():
        kind = "f" if isinstance(value, float) else "i"
        struct.pack_into(order + kind, b, 4 * (int(name[1:]) - 1), value)
    return bytes(b)


def voxels(order, n, mode):
    count = n[0] * n[1] * n[2]
    kind = {0: "b", 1: "h", 2: "f", 6: "H", 12: "e"}.get(mode, "f")
    return struct.pack(order + str(count) + kind, *[k % 50 for k in range(count)])


def whole(order="<", n=(3, 2, 4), mode=2, **words):
    extended = words.get("w24", 0)
    return header(order, n, mode, **words) + bytes(max(0, extended)) + voxels(order, n, mode)


def seeds():
    for order, name in (("<", "le"), (">", "be")):
        for mode in (0, 1, 2, 3, 4, 6, 12, 101):
            yield f"mode{mode}_{name}", whole(order, mode=mode)
        yield f"imod_unsigned_{name}", whole(order, mode=0, w39=1146047817)
        yield f"imod_4bit_{name}", whole(order, mode=0, w39=1146047817, w40=16)
    for axes in ((1, 3, 2), (2, 1, 3), (2, 3, 1), (3, 1, 2), (3, 2, 1), (0, 0, 0), (1, 1, 2)):
        yield "axes_%d%d%d" % axes, whole(w17=axes[0], w18=axes[1], w19=axes[2])
    yield "slabs", whole(n=(3, 4, 37), mode=0, w17=3, w18=2, w19=1)
    yield "extended", whole(w24=160)
    yield "extended_negative", whole(w24=-1)
    yield "extended_long", header(w24=2**31 - 1)
    yield "truncated", whole()[:-5]
    yield "trailing", whole() + b"tail"
    yield "one_voxel", whole(n=(1, 1, 1))
    yield "huge", header(n=(65535, 65535, 65535))
    yield "large", header(n=(10000, 10000, 10000))
    yield "too_long", header(n=(70000, 1, 1))
    yield "no_magic", whole().replace(b"MAP ", b"\0\0\0\0")
    yield "stamp_zero", whole().replace(b"MAP DD", b"MAP \0\0")
    yield "stack", whole(w23=401)
    yield "nan", whole(w11=float("nan"), w50=float("nan"), w20=float("nan"))[:-4] + struct.pack("<f", float("nan"))
    yield "no_cell", whole(w11=0.0, w8=0)
    yield "sub_box", whole(w8=20, w5=-7, w50=12.5)
    yield "short", b"MAP "
    yield "empty", b""
    member = gzip.compress(whole(n=(5, 6, 7), mode=1), mtime=0)
    yield "gzip", member
    yield "gzip_members", b"".join(gzip.compress(p, mtime=0) for p in (whole()[:700], b"", whole()[700:]))
    yield "gzip_padded", gzip.compress(whole(), mtime=0) + bytes(20)
    yield "gzip_cut", member[:-6]
    yield "gzip_bomb", gzip.compress(header(n=(100, 100, 99)) + bytes(1 << 20), mtime=0)
    yield "gzip_promise", gzip.compress(header(n=(10000, 10000, 10000)), mtime=0)
    yield "gzip_garbage", b"\x1f\x8b" + bytes(range(200))


def main():
    os.makedirs(sys.argv[1], exist_ok=True)
    for name, data in seeds():
        with open(os.path.join(sys.argv[1], "seed_" + name), "wb") as f:
            f.write(data)


if __name__ == "__main__":
    main()
