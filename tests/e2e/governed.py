"""The program under an administrator's policy, and a witness that tells which files of a folder were opened."""

import ctypes
import os
import pathlib
import shutil
import struct

IN_OPEN = 0x20
DENIED = 7


class Governed:
    """Writes policy files of one world and runs the program under them."""

    def __init__(self, world, text=None):
        self.world = world
        self.program = world.build / "bin" / "qwen_policy_test_program"
        self.plugins = world.build / "lib/qwen/plugins"
        self.directory = world.root / "etc"
        self.directory.mkdir(mode=0o755)
        if text is not None:
            self.write(text)

    def move_to_own_prefix(self):
        """A copy of program and plugins that nobody else runs, so that a witness sees this world alone."""
        prefix = self.world.root / "prefix"
        shutil.copytree(self.world.build / "lib/qwen", prefix / "lib/qwen")
        (prefix / "bin").mkdir()
        self.program = pathlib.Path(shutil.copy2(self.program, prefix / "bin"))
        self.plugins = prefix / "lib/qwen/plugins"
        return self

    def write(self, text, name="policy.toml", mode=0o644):
        path = self.directory / name
        path.parent.mkdir(exist_ok=True)
        path.parent.chmod(0o755)
        path.write_text(text)
        path.chmod(mode)
        return path

    def qwen(self, *arguments, env=None, **options):
        env = {"QWEN_TEST_POLICY_DIRECTORY": str(self.directory), **(env or {})}
        return self.world.qwen(*arguments, env=env, program=self.program, **options)

    def line(self, number, name="policy.toml"):
        return f"{self.directory / name}:{number}"


class OpenWitness:
    """inotify(7) on one folder: `opened` is the names of the files somebody opened since the start."""

    def __init__(self, folder):
        libc = ctypes.CDLL(None, use_errno=True)
        self.fd = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self.fd < 0 or libc.inotify_add_watch(self.fd, str(folder).encode(), IN_OPEN) < 0:
            raise OSError(ctypes.get_errno(), "inotify")

    def opened(self):
        names = set()
        while True:
            try:
                events = os.read(self.fd, 1 << 16)
            except BlockingIOError:
                return names
            at = 0
            while at < len(events):
                _, _, _, size = struct.unpack_from("iIII", events, at)
                names.add(events[at + 16 : at + 16 + size].rstrip(b"\0").decode())
                at += 16 + size

    def close(self):
        os.close(self.fd)
