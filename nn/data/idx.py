"""IDX, the format of MNIST's files: the header of one array, then its numbers in big-endian order.

    bytes 0, 1   zero        byte 2   type of the numbers (TYPES)        byte 3   rank
    then one size of 4 bytes for each axis, then the numbers, the last axis running fastest

Source: LeCun, Cortes & Burges, The MNIST database of handwritten digits. Files may be gzipped.
"""

import gzip
import math
import os
import struct
import zlib
from typing import IO, Any

from autograd.writing import replace
from nn.checks import library

TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
CHUNK = 1 << 20  # bytes read at a time
LIMIT = 1 << 30  # bytes that are unpacked of a gzipped file: gzip makes a thousand of one


def read(path: str | os.PathLike[str], limit: int = LIMIT) -> Any:
    """The NumPy array of an IDX file, plain or gzipped, whatever its name; in the machine's byte order.

    limit   the bytes of numbers that a gzipped file may unpack to

    FileNotFoundError where there is no file, ValueError for one that is damaged, no IDX, not as long as its
    header says, or beyond the limit. No more is allocated than the file holds, whatever its header claims.
    """
    with open(path, "rb") as file:
        zipped = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        try:
            return _read_array(gzip.GzipFile(fileobj=file), limit) if zipped else _read_array(file)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise ValueError(f"idx.read: {path}: damaged gzip file: {error}") from None
        except ValueError as error:
            raise ValueError(f"idx.read: {path}: {error}") from None


def write(path: str | os.PathLike[str], array: Any) -> None:
    """Write an array as an IDX file, gzipped where the name ends in `.gz`; equal arrays give equal bytes.

    TypeError for numbers of a type that IDX does not have.
    """
    np = library("numpy", "idx.write")
    array = np.asarray(array)
    codes = {np.dtype(name).newbyteorder("="): code for code, name in TYPES.items()}
    code = codes.get(array.dtype.newbyteorder("="))
    if code is None:
        raise TypeError(
            f"idx.write: IDX has no type {array.dtype}; convert the array to {', '.join(map(str, codes))}"
        )
    header = struct.pack(f">HBB{array.ndim}I", 0, code, array.ndim, *array.shape)
    content = header + array.astype(TYPES[code]).tobytes()
    zipped = str(path).endswith(".gz")
    replace(path, gzip.compress(content, mtime=0) if zipped else content, "idx.write")


def _read_array(file: IO[bytes] | gzip.GzipFile, limit: float = math.inf) -> Any:
    """The array of an open file. ValueError says what is wrong with it."""
    np = library("numpy", "idx.read")
    magic = file.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in TYPES:
        raise ValueError(
            f"no IDX file: that begins with two zero bytes, a type and a rank, this with {magic!r}"
        )
    kind, rank = np.dtype(TYPES[magic[2]]), magic[3]
    sizes = file.read(4 * rank)
    if len(sizes) < 4 * rank:
        raise ValueError("truncated: it ends within its header")
    shape = struct.unpack(f">{rank}I", sizes)
    length = math.prod(shape) * kind.itemsize
    if length > limit:
        raise ValueError(
            f"shape {shape} needs {length} bytes, and limit={limit}; give a greater one if it is true"
        )
    # One byte more than there should be: an over-long file shows, and gzip checks its checksum at the end.
    data = _read_at_most(file, length + 1)
    if len(data) < length:
        raise ValueError(f"truncated: shape {shape} needs {length} bytes, and {len(data)} follow")
    if len(data) > length:
        raise ValueError(f"too long: shape {shape} needs {length} bytes, and more follow")
    return np.frombuffer(data, kind).reshape(shape).astype(kind.newbyteorder("="), copy=False)


def _read_at_most(file: IO[bytes] | gzip.GzipFile, limit: int) -> bytearray:
    """Up to `limit` bytes, in chunks: a false header must not make Python allocate what it claims."""
    data = bytearray()
    while chunk := file.read(min(CHUNK, limit - len(data))):
        data += chunk
    return data
