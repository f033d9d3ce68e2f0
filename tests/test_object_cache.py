"""The cache of compiled code: what comes back is what was stored, or nothing, whatever happens to the disk.

Each test has a folder of its own; other users and failing disks are played by patched system calls, so that the tests
say the same to root.
"""

from __future__ import annotations

import contextlib
import errno
import os
import random
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("llvmlite")
from backlit.execute.native import object_cache
from backlit.execute.native.object_cache import clear, directory, key_of, load, store

SRC = Path(__file__).resolve().parent.parent / "src"
TARGET = ("x86_64-unknown-linux-gnu", "skylake", "+avx2")
KEY, OTHER = key_of("a step", TARGET), key_of("another step", TARGET)
CODE = bytes(range(50))
SESSION = os.environ.get("BACKLIT_CACHE")
posix = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="folders have owners and modes on POSIX")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Point the cache to a folder of this test, not made yet."""
    monkeypatch.setenv("BACKLIT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "native"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def stored(folder: Path) -> Path:
    store(KEY, CODE)
    return folder / f"{KEY}.o"


def let_age(path: Path, seconds: float) -> None:
    """Make the last use of the file `seconds` ago."""
    moment = time.time() - seconds
    os.utime(path, (moment, moment))


# --- what comes back ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [b"", b"\0", CODE, os.urandom(300_000)], ids=len)
def test_round_trip(folder: Path, code: bytes) -> None:
    assert load(KEY) is None
    assert not folder.exists()  # reading makes nothing
    store(KEY, code)
    assert load(KEY) == code
    assert load(OTHER) is None
    store(KEY, CODE)
    assert load(KEY) == CODE
    assert names(folder) == [f"{KEY}.o"]


def test_a_file_under_another_key_is_not_used(folder: Path) -> None:
    stored(folder).rename(folder / f"{OTHER}.o")
    assert load(OTHER) is None
    assert names(folder) == []


@pytest.mark.parametrize("key", ["", "../x", KEY[:-1], KEY + "0", KEY.upper(), KEY + "\n"])
def test_a_key_names_one_file(key: str) -> None:
    for call in (lambda: load(key), lambda: store(key, CODE)):
        with pytest.raises(ValueError, match="64 lowercase hexadecimal digits"):
            call()


def test_truncated_at_every_byte(folder: Path) -> None:
    path = stored(folder)
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        assert load(KEY) is None
        assert not path.exists()
    path.write_bytes(whole)
    assert load(KEY) == CODE


def test_flipped_bits(folder: Path) -> None:
    path, choose = stored(folder), random.Random(0)
    whole = path.read_bytes()
    for _ in range(2000):
        damaged = bytearray(whole)
        damaged[choose.randrange(len(whole))] ^= 1 << choose.randrange(8)
        path.write_bytes(damaged)
        assert load(KEY) is None
        assert not path.exists()


@pytest.mark.parametrize("added", [b"\0", b"x" * 5000, CODE])
def test_trailing_bytes(folder: Path, added: bytes) -> None:
    path = stored(folder)
    path.write_bytes(path.read_bytes() + added)
    assert load(KEY) is None
    assert not path.exists()


def test_something_else_in_the_place_of_a_file(folder: Path) -> None:
    path = stored(folder)
    path.unlink()
    path.mkdir()
    store(KEY, CODE)
    assert load(KEY) is None
    assert names(folder) == [path.name]  # and no unfinished file


@posix
def test_a_pipe_does_not_hold_us_up(folder: Path) -> None:
    path = stored(folder)
    path.unlink()
    os.mkfifo(path)
    assert load(KEY) is None


@posix
def test_a_linked_file_is_not_read(folder: Path, tmp_path: Path) -> None:
    path = stored(folder)
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    assert load(KEY) is None
    store(KEY, CODE)
    assert load(KEY) == CODE
    assert not path.is_symlink()


# --- the key -----------------------------------------------------------------------------------------------------


def test_the_key_changes_with_all_it_depends_on(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = {KEY, OTHER, key_of("a step", (*TARGET[:2], "+avx512f")), key_of("a step", (*TARGET, ""))}
    keys |= {key_of("a", ("b", "cd")), key_of("a", ("bc", "d")), key_of("", ("b", "cd", "a"))}
    assert key_of("a step", TARGET) == KEY
    ours = object_cache._compiler()
    for place in range(len(ours)):
        changed = (*ours[:place], ours[place] + "1", *ours[place + 1 :])
        monkeypatch.setattr(object_cache, "_compiler", lambda changed=changed: changed)
        keys.add(key_of("a step", TARGET))
    assert len(keys) == 7 + len(ours)
    assert all(object_cache._KEY.fullmatch(key) for key in keys)


def test_versions_and_sources_are_in_the_key() -> None:
    import llvmlite
    from llvmlite import binding

    import backlit

    known = object_cache._compiler()
    assert {backlit.__version__, llvmlite.__version__, ".".join(map(str, binding.llvm_version_info))} <= set(known)
    assert object_cache._sources(Path(object_cache.__file__).parent) in known


def test_the_digest_of_sources(tmp_path: Path) -> None:
    sources = object_cache._sources
    (tmp_path / "emit.py").write_text("a = 1\n")
    before = sources(tmp_path)
    (tmp_path / "notes.txt").write_text("not code")
    assert sources(tmp_path) == before
    (tmp_path / "emit.py").write_text("a = 2\n")
    changed = sources(tmp_path)
    (tmp_path / "emit.py").rename(tmp_path / "plan.py")
    assert len({before, changed, sources(tmp_path)}) == 3


def test_sources_that_cannot_be_read_match_no_other_process(tmp_path: Path) -> None:
    assert object_cache._sources(tmp_path) != object_cache._sources(tmp_path)
    (tmp_path / "emit.py").mkdir()
    assert object_cache._sources(tmp_path) != object_cache._sources(tmp_path)


# --- the place ---------------------------------------------------------------------------------------------------


def test_the_session_has_a_cache_of_its_own() -> None:
    assert SESSION is not None, "tests/conftest.py points it away from the user's own"


@pytest.mark.parametrize("off", ["", "0"])
def test_turned_off(off: str, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setenv("BACKLIT_CACHE", off)
    assert directory() is None
    store(KEY, CODE)
    assert load(KEY) is None
    clear()
    assert not folder.exists()


@pytest.mark.parametrize(
    ("platform", "variables", "meant"),
    [
        ("linux", {"HOME": "/a"}, "/a/.cache/backlit/native"),
        ("linux", {"HOME": "/a", "XDG_CACHE_HOME": "/b"}, "/b/backlit/native"),
        ("linux", {"HOME": "/a", "XDG_CACHE_HOME": "b"}, "/a/.cache/backlit/native"),  # relative: to be ignored
        ("linux", {"HOME": "a"}, None),
        ("darwin", {"HOME": "/a", "XDG_CACHE_HOME": "/b"}, "/a/Library/Caches/backlit/native"),
        ("win32", {"HOME": "/a", "LOCALAPPDATA": "/b"}, "/b/backlit/native"),
        ("win32", {"HOME": "/a"}, "/a/AppData/Local/backlit/native"),
        ("linux", {"HOME": "/a", "BACKLIT_CACHE": "~/c"}, "/a/c/native"),
    ],
)
@posix
def test_where_it_is(
    platform: str, variables: dict[str, str], meant: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HOME", "XDG_CACHE_HOME", "LOCALAPPDATA", "BACKLIT_CACHE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(object_cache, "sys", SimpleNamespace(platform=platform))
    assert directory() == (Path(meant) if meant else None)


@pytest.mark.parametrize("chosen", [None, "~/cache"])
def test_no_home(chosen: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    monkeypatch.delenv("BACKLIT_CACHE") if chosen is None else monkeypatch.setenv("BACKLIT_CACHE", chosen)
    assert directory() is None
    store(KEY, CODE)
    assert load(KEY) is None


@posix
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_private_to_the_user(folder: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        path = stored(folder)
    finally:
        os.umask(before)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def refused(folder: Path) -> bool:
    """Say whether nothing is read from the folder, written to it or removed from it."""
    before = names(folder)
    store(OTHER, CODE)
    seen = load(KEY), directory()
    clear()
    return seen == (None, None) and names(folder) == before


@posix
def test_a_folder_of_another_user(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, ours = stored(folder), os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: ours + 1)
    assert refused(folder)
    monkeypatch.setattr(os, "geteuid", lambda: ours)
    assert load(KEY) == CODE
    assert path.exists()


@posix
@pytest.mark.parametrize("mode", [0o720, 0o702, 0o777, 0o1777])
def test_a_folder_others_can_write(folder: Path, mode: int) -> None:
    stored(folder)
    folder.chmod(mode)
    assert refused(folder)
    folder.chmod(0o755)
    assert load(KEY) == CODE


@posix
def test_a_linked_folder(folder: Path, tmp_path: Path) -> None:
    stored(folder)
    folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")
    assert refused(folder)
    (tmp_path / "elsewhere").rename(tmp_path / "gone")  # a link that leads nowhere
    assert refused(folder)


def test_a_file_in_the_place_of_the_folder(folder: Path) -> None:
    folder.parent.mkdir()
    folder.touch(0o600)
    assert refused(folder)
    assert folder.is_file()


@posix
def test_a_folder_another_user_is_quicker_to_make(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def quicker(path: Path, mode: int, exist_ok: bool) -> None:
        folder.mkdir(parents=True)
        folder.chmod(0o777)

    monkeypatch.setattr(os, "makedirs", quicker)
    store(KEY, CODE)
    assert names(folder) == []


@posix
@pytest.mark.parametrize("mode", [0o620, 0o602])
def test_a_file_others_can_write(folder: Path, mode: int) -> None:
    stored(folder).chmod(mode)
    assert load(KEY) is None
    assert names(folder) == []


# --- a failing disk ----------------------------------------------------------------------------------------------


def test_a_home_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("BACKLIT_CACHE", str(tmp_path / "file"))
    store(KEY, CODE)
    assert load(KEY) is None
    clear()
    assert (tmp_path / "file").read_text() == "no folder"


CALLS = ("lstat", "mkdir", "open", "fstat", "replace", "scandir", "unlink", "utime")


def patched(monkeypatch: pytest.MonkeyPatch, call: str, before: Callable[[], None]) -> None:
    """Let the system call `call` run `before` first, except within `before` itself."""
    real, running = getattr(os, call), []

    def instead(*args: Any, **kwargs: Any) -> Any:
        if not running:
            running.append(True)
            try:
                before()
            finally:
                running.clear()
        return real(*args, **kwargs)

    monkeypatch.setattr(os, call, instead)


def use_it() -> None:
    """Do everything once, and look at nothing but the bytes."""
    assert load(KEY) in (None, CODE)
    store(KEY, CODE)
    assert load(KEY) in (None, CODE)
    clear()


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.ENOSPC, errno.ENOENT, errno.EIO])
def test_a_system_call_fails(folder: Path, call: str, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise OSError(number, os.strerror(number))

    os.utime(stored(folder), (0, 0))
    with monkeypatch.context() as patch:
        patched(patch, call, fail)
        use_it()
    store(KEY, CODE)
    assert load(KEY) == CODE
    assert [name for name in names(folder) if name.endswith(".part")] == []


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("filled", [False, True])
def test_the_folder_is_deleted_at_any_moment(
    folder: Path, call: str, filled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if filled:
        os.utime(stored(folder), (0, 0))
    with monkeypatch.context() as patch:
        patched(patch, call, lambda: shutil.rmtree(folder.parent, ignore_errors=True))
        use_it()
    store(KEY, CODE)
    assert load(KEY) == CODE
    shutil.rmtree(folder)
    assert load(KEY) is None


def test_touching_may_fail(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise PermissionError

    os.utime(stored(folder), (0, 0))
    monkeypatch.setattr(os, "utime", fail)
    assert load(KEY) == CODE


def test_a_disk_that_is_full_halfway(folder: Path) -> None:
    resource = pytest.importorskip("resource")
    stored(folder)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        store(OTHER, bytes(100_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert load(OTHER) is None
    assert names(folder) == [f"{KEY}.o"]


def test_an_interrupt_leaves_no_half_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        store(KEY, CODE)
    assert names(folder) == []


# --- many processes ----------------------------------------------------------------------------------------------

RACE = """
import shutil, sys, time
from backlit.execute.native import object_cache
own, end, hits = bytes([int(sys.argv[1])]), time.monotonic() + 1.0, 0
while time.monotonic() < end:
    for digit in "0123":
        object_cache.store(digit * 64, own * 20_000)
        code = object_cache.load(digit * 64)
        hits += code is not None
        assert code is None or code in [bytes([n]) * 20_000 for n in range(3)], "half of two files"
    if own == b"\\2":
        object_cache.clear() if hits % 8 else shutil.rmtree(object_cache.directory(), ignore_errors=True)
print(hits)
"""


def test_processes_do_not_disturb_each_other(folder: Path) -> None:
    command = [sys.executable, "-W", "error", "-c", RACE]
    environment = {**os.environ, "PYTHONPATH": str(SRC)}
    running = [subprocess.Popen([*command, str(n)], env=environment, stdout=-1, stderr=-1, text=True) for n in range(3)]
    for process in running:
        out, complaint = process.communicate(timeout=60)
        assert not complaint
        assert int(out) > 0
    assert [name for name in names(folder) if name.endswith(".part")] == []


# --- limits ------------------------------------------------------------------------------------------------------


def ages(folder: Path, count: int) -> list[str]:
    """Store `count` objects of 1000 bytes, the first used last, and return their keys."""
    keys = [f"{n:064x}" for n in range(count)]
    for n, key in enumerate(keys):
        store(key, bytes(1000))
        let_age(folder / f"{key}.o", 60 * n + 60)
    return keys


@pytest.mark.parametrize(("limit", "value"), [("MOST_FILES", 4), ("MOST_BYTES", 5000)])
def test_the_least_recently_used_go_first(
    folder: Path, limit: str, value: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = ages(folder, 6)
    monkeypatch.setattr(object_cache, limit, value)
    assert all(load(key) for key in keys)
    (folder / "notes").write_text("not ours")
    store(KEY, bytes(1000))
    assert set(names(folder)) == {f"{KEY}.o", "notes", *(f"{key}.o" for key in keys[:3])}


def test_an_object_beyond_the_limit_drives_nothing_out(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = ages(folder, 2)
    monkeypatch.setattr(object_cache, "MOST_BYTES", 3000)
    store(KEY, bytes(3000))
    assert load(KEY) is None
    assert all(load(key) for key in keys)


@pytest.mark.parametrize(("age", "touched"), [(600, False), (4000, True), (-600, False), (-4000, True)])
def test_a_load_counts_as_use_once_an_hour(folder: Path, age: float, touched: bool) -> None:
    path, now = stored(folder), time.time()
    let_age(path, age)
    assert load(KEY) == CODE
    assert path.stat().st_mtime == pytest.approx(now if touched else now - age, abs=60)


def test_leftovers_are_removed_after_an_hour(folder: Path) -> None:
    path = stored(folder)
    young, old = (folder / f"{KEY}.{digit * 16}.part" for digit in "01")
    foreign = folder / "somebody.part"
    for file in (young, old, foreign):
        file.write_bytes(b"half")
    for file in (path, old, foreign):
        let_age(file, 4000)
    store(OTHER, CODE)
    assert names(folder) == sorted([path.name, f"{OTHER}.o", young.name, foreign.name])
    clear()
    assert names(folder) == [foreign.name]


def test_another_process_removes_files_while_we_look(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys, real = ages(folder, 4), os.scandir

    @contextlib.contextmanager
    def seen_too_late(path: Path) -> Iterator[list[os.DirEntry[str]]]:
        with real(path) as entries:
            found = list(entries)
        (folder / f"{keys[0]}.o").unlink(missing_ok=True)
        yield found

    monkeypatch.setattr(os, "scandir", seen_too_late)
    clear()
    monkeypatch.undo()
    assert names(folder) == []
