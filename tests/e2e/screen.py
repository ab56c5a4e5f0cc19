"""A person in front of a whole terminal: all three streams on a pseudo terminal, its screen kept by a terminal emulator (pyte)."""

import difflib
import fcntl
import os
import pathlib
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

import pyte
from wcwidth import wcwidth

from harness import Failure, Run


SCREENS = pathlib.Path(__file__).resolve().parent / "screens"
IUTF8 = 0o40000  # Linux; Python's termios has no name for it


class Terminal:
    def __init__(self, world, *arguments, columns=80, rows=24, env=None, timeout=20, utf8_terminal=False):
        self.world = world
        self.timeout = timeout
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self._bytes = b""
        self._entered = 0
        self._master, self._slave = pty.openpty()
        self._set_size(columns, rows)
        if utf8_terminal:
            settings = termios.tcgetattr(self._slave)
            settings[0] |= IUTF8
            termios.tcsetattr(self._slave, termios.TCSANOW, settings)
        self.settings = termios.tcgetattr(self._slave)
        command = [str(world.program), *map(str, arguments)]
        self.process = subprocess.Popen(command, env=world.environment({"TERM": "xterm", **(env or {})}), cwd=world.work, stdin=self._slave,
                                        stdout=self._slave, stderr=self._slave, start_new_session=True, preexec_fn=_take_terminal)
        self.run = Run(command[1:], None, b"", b"")

    def _set_size(self, columns, rows):
        fcntl.ioctl(self._slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def resize(self, columns, rows):
        self._set_size(columns, rows)
        self.screen.resize(rows, columns)
        self.process.send_signal(signal.SIGWINCH)

    def type(self, text):
        os.write(self._master, text.encode())

    def enter(self, text):
        self._entered = len(self._bytes)
        self.type(text + "\r")

    def at_prompt(self):
        """Until the next line may be typed: the line editor has switched bracketed paste on."""
        return self.wait_for_bytes(b"\x1b[?2004h", self._entered).wait_until_quiet(0.02)

    def escape(self):
        """Esc; whoever asks next has marked pastes again when it returns."""
        self._entered = len(self._bytes)
        self.type("\x1b")
        return self.at_prompt()

    def interrupt(self):
        self._entered = len(self._bytes)
        self.type("\x03")

    def paste(self, text):
        self.type("\x1b[200~" + text + "\x1b[201~")

    def styled(self, text):
        """How the first character of `text` on the screen is shown: its cell (`bold`, `italics`, `fg`, ...)."""
        for row in range(self.screen.lines):
            line = self._line(row)
            if text in line:
                return self.screen.buffer[row][line.index(text)]
        raise Failure(f"  no {text!r} on this screen:\n{self.text()}")

    def text(self):
        return "\n".join(self._line(row).rstrip() for row in range(self.screen.lines)).rstrip()

    def _line(self, row):
        """As pyte's `display`, which fails when half of a wide character was written over."""
        cells = [self.screen.buffer[row][column].data for column in range(self.screen.columns)]
        return "".join(cell or ("" if column > 0 and wcwidth(cells[column - 1][:1] or " ") == 2 else " ") for column, cell in enumerate(cells))

    def _read(self, seconds):
        if self._master is None:
            return False
        if not select.select([self._master], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self._master, 1 << 16)
        except OSError:
            return False
        self._bytes += data
        self._stream.feed(data)
        return bool(data)

    def wait_for(self, *parts):
        """Until every part is on the screen at once."""
        end = time.monotonic() + self.timeout
        while not all(part in self.text() for part in parts):
            if time.monotonic() > end or self._master is None:
                raise Failure(f"  waited {self.timeout} s for {parts} on this screen:\n{self.text()}")
            self._read(0.02)
        return self

    def wait_for_bytes(self, data, begin=0):
        """Until the program has sent these bytes behind the first `begin` ones."""
        end = time.monotonic() + self.timeout
        while self._bytes.find(data, begin) < 0:
            if time.monotonic() > end:
                raise Failure(f"  waited {self.timeout} s for {data!r} on this screen:\n{self.text()}")
            self._read(0.02)
        return self

    def wait_until_quiet(self, seconds=0.05):
        """Until nothing has come for a moment: only for reading a screen that is not about to change."""
        while self._read(seconds):
            pass
        return self

    @property
    def bytes(self):
        """What the program has sent so far."""
        return self._bytes

    def picture(self):
        """The screen as it is kept in tests/e2e/screens: its lines without what differs from run to run, and where the cursor is."""
        text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", self.text())
        cursor = self.screen.cursor
        size = f"{self.screen.columns}x{self.screen.lines}"
        return f"{text}\n-- {size}, cursor in line {cursor.y + 1}, column {cursor.x + 1}{', hidden' if cursor.hidden else ''}\n"

    def shows(self, name):
        """The screen becomes that of screens/NAME_COLUMNSxLINES.txt. `tests/e2e/run --update` writes the file instead."""
        path = SCREENS / f"{name}_{self.screen.columns}x{self.screen.lines}.txt"
        if self.world.updates_screens:
            self.wait_until_quiet(0.7)
            path.write_text(self.picture())
            return self
        expected = path.read_text()
        end = time.monotonic() + self.timeout
        while self.picture() != expected:
            if time.monotonic() > end:
                difference = "\n".join(difflib.unified_diff(expected.splitlines(), self.picture().splitlines(), str(path.name), "now", lineterm=""))
                raise Failure(f"  another screen (tests/e2e/run --update keeps it):\n{difference}")
            self._read(0.02)
        return self

    def sees_bytes(self, data):
        """Whether the program has sent these bytes, on the screen or not."""
        return data in self._bytes

    def settings_now(self):
        return termios.tcgetattr(self._slave)

    def ends(self, code):
        """The program ends by itself with this exit code; None: with any."""
        end = time.monotonic() + self.timeout
        while self.process.poll() is None:
            if time.monotonic() > end:
                self.process.kill()
                raise Failure(f"  still running on this screen:\n{self.text()}")
            self._read(0.02)
        while self._read(0.02):
            pass
        self.run = Run(self.run.arguments, self.process.returncode, self._bytes, b"")
        self.world.runs.append(self.run)
        if code is not None and self.process.returncode != code:
            raise Failure(f"  expected the end with {code}, not {self.process.returncode}, on this screen:\n{self.text()}")
        if self.settings_now()[:4] != self.settings[:4]:
            raise Failure("  the terminal is not as it was before")
        os.close(self._master)
        os.close(self._slave)
        self._master = None
        return self


def _take_terminal():
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
