"""IDX files: what is written is read, and no damage, no false header and no foreign file goes unnoticed."""

import gzip
import struct
import tracemalloc

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nn.data import idx

arrays = st.sampled_from(sorted(idx.TYPES.values())).flatmap(
    lambda name: hnp.arrays(name, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4))
)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A path that every example may write anew."""
    return tmp_path_factory.mktemp("idx") / "array"


def content(array):
    """The bytes of a plain IDX file of 8-bit numbers, written here by hand from the description."""
    array = np.asarray(array, np.uint8)
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def attempt(path):
    """(array, None), or (None, the message of the ValueError)."""
    try:
        return idx.read(path), None
    except ValueError as error:
        return None, str(error)


# ── Laws ────────────────────────────────────────────────────────────────────────────────────────────


@given(arrays, st.booleans())
def test_what_is_written_is_read(place, array, zipped):
    path = place.with_suffix(".gz" if zipped else ".idx")
    idx.write(path, array)
    start = path.read_bytes()[:8]
    found = idx.read(path)
    assert found.dtype == array.dtype.newbyteorder("=") and found.dtype.isnative and found.flags.writeable
    assert np.array_equal(found, array, equal_nan=found.dtype.kind == "f")
    assert found.shape == array.shape and (start[:2] == b"\x1f\x8b") == zipped
    assert not zipped or start[4:] == bytes(4)  # no date, so that equal arrays give equal bytes


@given(arrays, st.booleans(), st.data())
def test_every_shorter_and_every_longer_file_is_refused(place, array, zipped, data):
    path = place.with_suffix(".gz" if zipped else ".idx")
    idx.write(path, array)
    whole = path.read_bytes()
    end = data.draw(st.integers(0, len(whole) - 1))
    for damaged in whole[:end], whole + b"\1":
        path.write_bytes(damaged)
        assert attempt(path)[0] is None


@given(arrays, st.data())
def test_a_flipped_bit_in_a_gzipped_file_never_gives_other_numbers(place, array, data):
    path = place.with_suffix(".gz")
    idx.write(path, array)
    damaged = bytearray(path.read_bytes())
    damaged[data.draw(st.integers(0, len(damaged) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(damaged)
    found, _ = attempt(path)  # it may be whole: gzip's header has a date, which may be any
    assert found is None or found.tobytes() == array.astype(found.dtype).tobytes()
    assert found is None or found.shape == array.shape


@given(st.binary(max_size=40))
@example(b"\0\0\x08\x01")
def test_any_bytes_are_an_array_or_a_value_error(place, blob):
    place.write_bytes(blob)
    found, message = attempt(place)
    if found is None:
        assert str(place) in message and "\n" not in message
    else:
        assert found.nbytes <= len(blob) - 4


@given(arrays, st.booleans(), st.data())
def test_any_mutant_of_a_file_is_an_array_or_a_value_error_of_one_line(place, array, zipped, data):
    path = place.with_suffix(".gz")
    idx.write(path, array)
    whole = path.read_bytes() if zipped else gzip.decompress(path.read_bytes())
    mutant = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 3))):
        i = data.draw(st.integers(0, len(mutant)))
        mutant[i : i + data.draw(st.sampled_from([0, 1, 4, 100]))] = data.draw(
            st.binary(max_size=4) | st.sampled_from([b"\xff" * 4, whole])
        )
    path.write_bytes(mutant)
    found, message = attempt(path)
    assert found is not None or (str(path) in message and message.isprintable())


# ── Examples ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("code", "kind", "numbers"),
    [
        (0x08, "B", [0, 255]),
        (0x09, "b", [-128, 127]),
        (0x0B, "h", [-(2**15), 258]),
        (0x0C, "i", [-(2**31), 16909060]),
        (0x0D, "f", [1.5, -0.25]),
        (0x0E, "d", [1e300, 0.1]),
    ],
)
def test_every_type_of_the_description_byte_by_byte(place, code, kind, numbers):
    place.write_bytes(struct.pack(f">HBBI2{kind}", 0, code, 1, 2, *numbers))
    assert idx.read(place).tolist() == numbers


def test_gzip_is_known_by_its_content_and_not_by_its_name(place):
    image = [[1, 2, 3], [4, 5, 6]]
    place.with_suffix(".gz").write_bytes(content(image))
    place.with_suffix(".idx").write_bytes(gzip.compress(content(image)))
    assert all(idx.read(place.with_suffix(end)).tolist() == image for end in (".gz", ".idx"))


@pytest.mark.parametrize("zipped", [False, True])
def test_a_header_that_claims_petabytes_allocates_nothing_of_the_kind(place, zipped):
    claim = b"\0\0\x0e\3" + struct.pack(">3I", *[2**32 - 1] * 3) + bytes(1000)
    place.write_bytes(gzip.compress(claim) if zipped else claim)
    part = "and limit=1073741824; give a greater" if zipped else "truncated: .* and 1000 follow"
    tracemalloc.start()
    with pytest.raises(ValueError, match=part):
        idx.read(place)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * idx.CHUNK


def test_a_small_file_that_unpacks_to_a_vast_one_is_refused_before_it_is_unpacked(place):
    """As 1.5 MB of gzip do to 1.5 GB: what the header says is true."""
    array = np.zeros((50, idx.CHUNK), np.uint8)
    idx.write(place.with_suffix(".gz"), array)
    path = place.with_suffix(".gz")
    assert path.stat().st_size < array.nbytes / 900
    tracemalloc.start()
    with pytest.raises(
        ValueError, match=rf"{path}: .* needs {array.nbytes} bytes, and limit={array.nbytes - 1}"
    ):
        idx.read(path, limit=array.nbytes - 1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * idx.CHUNK
    assert np.array_equal(idx.read(path, limit=array.nbytes), array)
    idx.write(place, array)
    assert idx.read(place, limit=0).shape == array.shape  # a plain file is as long as it is


def test_no_more_is_unpacked_than_the_header_says(place):
    place.write_bytes(gzip.compress(content([1, 2, 3]) + bytes(50 * idx.CHUNK)))  # 50 MB in 50 kB
    tracemalloc.start()
    with pytest.raises(ValueError, match="too long: shape"):
        idx.read(place)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * idx.CHUNK


ARRAY = content(np.arange(60).reshape(3, 4, 5))
ZIPPED = gzip.compress(ARRAY)
BAD = {
    "empty": (b"", "no IDX file: that begins with two zero bytes, a type and a rank, this with b''"),
    "web page": (b"<!DOCTYPE html><html>", "this with b'<!DO'"),
    "picture": (b"\x89PNG\r\n\x1a\n" + bytes(20), r"this with b'\x89PNG'"),
    "other type": (b"\0\0\x0a\1\0\0\0\1\0", r"this with b'\x00\x00\n\x01'"),
    "zipped page": (gzip.compress(b"<html>"), "this with b'<htm'"),
    "header": (ARRAY[:11], "truncated: it ends within its header"),
    "truncated": (ARRAY[:-1], "truncated: shape (3, 4, 5) needs 60 bytes, and 59 follow"),
    "too long": (ARRAY + b"\0", "too long: shape (3, 4, 5) needs 60 bytes, and more follow"),
    "truncated inside": (gzip.compress(ARRAY[:-1]), "needs 60 bytes, and 59 follow"),
    "gzip truncated": (ZIPPED[:-9], "damaged gzip file: Compressed file ended"),
    "gzip checksum": (ZIPPED[:-8] + bytes(4) + ZIPPED[-4:], "damaged gzip file: CRC check failed"),
    "gzip corrupt": (ZIPPED[:10] + b"\7" + ZIPPED[11:], "damaged gzip file: Error"),
    "gzip and more": (ZIPPED + b"more", "damaged gzip file: Not a gzipped file"),
    "rank": (b"\0\0\x08\xc8" + struct.pack(">200I", *[1] * 200) + b"\0", "maximum supported dimension"),
    "empty and vast": (b"\0\0\x08\4" + struct.pack(">4I", 0, *[2**32 - 1] * 3), "array is too big"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_is_refused_in_one_line_by_name(place, case):
    blob, part = BAD[case]
    place.write_bytes(blob)
    _, message = attempt(place)
    assert message.startswith(f"idx.read: {place}: ") and part in message and "\n" not in message


def test_a_missing_file_and_a_type_that_idx_lacks(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        idx.read(tmp_path / "nowhere")
    with pytest.raises(TypeError, match="IDX has no type int64; convert the array to uint8, int8, int16"):
        idx.write(tmp_path / "array", np.array([1, 2]))
    assert not list(tmp_path.iterdir())
