"""The same in a terminal that people use: tmux, with its own idea of wrapping, resizing and wide characters."""

import random
import shutil
import subprocess
import time

from harness import Failure, Skipped, require, scenario
from hostile_text import HostileServer, hostile_text, stream_of

FLAGS = ("alternate_on", "cursor_flag", "insert_flag", "keypad_cursor_flag", "keypad_flag", "mouse_any_flag", "mouse_all_flag", "mouse_sgr_flag", "origin_flag", "wrap_flag",
         "scroll_region_upper", "scroll_region_lower", "pane_title", "pane_tabs", "window_name")


RUN = 'trap : INT; before=$(stty -g); "$@"; code=$?; [ "$before" = "$(stty -g)" ] && kept="as before" || kept="not as before"; echo "ended with $code, settings $kept"; sleep 1000'


class Tmux:
    """One pane of a tmux server of its own that runs the program."""

    def __init__(self, world, *arguments, program=None, env=None, columns=80, rows=24):
        if not shutil.which("tmux", path="/usr/bin:/bin"):
            raise Skipped("tmux is not installed")
        self.world = world
        self.environment = world.environment({"TMUX_TMPDIR": str(world.temporary), "TERM": "xterm-256color", **(env or {})})
        settings = world.write("tmux.conf", "set -g set-clipboard on\nset -g allow-rename on\n")
        self._tmux("-f", str(settings), "new-session", "-d", "-x", str(columns), "-y", str(rows), "-n", "conversation", "sh", "-c", RUN, "sh", *(program or [str(world.program)]), *arguments)

    def _tmux(self, *arguments):
        done = subprocess.run(["tmux", "-u", "-L", "qwen", *arguments], env=self.environment, cwd=self.world.work, stdin=subprocess.DEVNULL, capture_output=True, timeout=20)
        if done.returncode != 0:
            raise Failure(f"  tmux {arguments}: {done.stderr.decode()}")
        return done.stdout.decode()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run(["tmux", "-L", "qwen", "kill-server"], env=self.environment, capture_output=True)

    def type(self, text):
        self._tmux("send-keys", "-l", text)

    def key(self, *names):
        self._tmux("send-keys", *names)

    def enter(self, text):
        self.type(text)
        self.key("Enter")

    def resize(self, columns, rows):
        self._tmux("resize-window", "-x", str(columns), "-y", str(rows))

    def text(self):
        return "\n".join(line.rstrip() for line in self._tmux("capture-pane", "-p").splitlines()).rstrip()

    def styled(self):
        """With the SGR sequences that make the terminal's cells what they are."""
        return self._tmux("capture-pane", "-p", "-e")

    def state(self):
        return dict(zip(FLAGS, self._tmux("display-message", "-p", "\t".join(f"#{{{flag}}}" for flag in FLAGS)).rstrip("\n").split("\t")))

    def clipboard(self):
        return self._tmux("list-buffers")

    def wait_for(self, *parts, seconds=20):
        end = time.monotonic() + seconds
        while not all(part in self.text() for part in parts):
            if time.monotonic() > end:
                raise Failure(f"  waited {seconds} s for {parts} on this screen:\n{self.text()}")
            time.sleep(0.02)
        return self

    def ends(self, code):
        """The program has ended with this exit code, and has left the terminal's settings as they were."""
        self.wait_for(f"ended with {code}, ")
        self.wait_for("settings as before")


@scenario
def a_conversation_in_tmux(world):
    world.dotenv()
    with Tmux(world, "-m", "markdown+size-3") as terminal:
        terminal.wait_for("openai_compat/markdown+size-3>")
        terminal.enter("how do I sort?")
        terminal.wait_for("Use ls with the size option, ls -lS, or see", "the manual (https://www.gnu.org/", "| a_b  | **1** |\nopenai_compat/")
        styled = terminal.styled().replace("\x1b[39m\x1b[49m", "")
        for part in ("\x1b[1m## Sorting files", "\x1b[1mls\x1b[0m with", "\x1b[3msize\x1b[0m option", "\x1b[36mls -lS\x1b"):
            require(part in styled, f"{part!r} in {styled!r}")
        terminal.enter("/model echo")
        terminal.wait_for("openai_compat/echo>")
        terminal.type("漢字 😀 one two three four five six seven eight")
        terminal.wait_for("echo> 漢字 😀 one two three four five six seven eight")
        terminal.resize(40, 15)
        terminal.wait_for("\nopenai_compat/echo> 漢字 😀 one two thre\ne four five six seven eight")
        terminal.type(" nine")
        terminal.wait_for("eight nine")
        terminal.key("Enter")
        terminal.wait_for("\n漢字 😀 one two three four five six seve\nn eight nine\nopenai_compat/echo>")
        terminal.resize(80, 24)
        terminal.key("Up")
        terminal.wait_for("> 漢字 😀 one two three four five six seven eight nine")
        terminal.key("C-c")
        terminal.wait_for("(Ctrl-D or /quit leaves)")
        terminal.enter("/model stall-after-3")
        terminal.wait_for("stall-after-3>")
        terminal.enter("stop me")
        terminal.wait_for("\nOnce upon a")
        terminal.key("C-c")
        terminal.wait_for("(stopped; what was said is kept)\nopenai_compat/stall-after-3>")
        terminal.key("C-d")
        terminal.ends(0)


@scenario
def any_answer_leaves_tmux_as_it_was(world):
    numbers = random.Random(7)
    text = b""
    server = HostileServer(lambda path: (200, stream_of([text[: len(text) // 2], text[len(text) // 2 :], b"\nend of it"])))
    with Tmux(world, env={"OPENAI_API_KEY": world.key, "OPENAI_BASE_URL": server.url}) as terminal:
        terminal.wait_for("gpt-4o>")
        before = terminal.state()
        for number in range(25):
            text = hostile_text(numbers)
            terminal.enter("/clear")
            terminal.enter(f"question {number}")
            terminal.wait_for(f"question {number}\n")
            terminal.wait_for("end of it\nopenai_compat/gpt-4o>")
            require(terminal.state() == before, f"the state as before, not {terminal.state()} instead of {before}, after {text!r}")
            require(terminal.clipboard() == "", f"an empty clipboard after {text!r}")
            terminal.key("C-l")
        terminal.key("C-d")
        terminal.ends(0)
    server.close()


@scenario
def ctrl_z_stops_a_conversation_and_fg_goes_on(world):
    world.dotenv()
    with Tmux(world, program=["bash", "--norc", "--noprofile", "-i"], env={"PS1": "shell: ", "QWEN": str(world.program), "HISTFILE": ""}) as terminal:
        terminal.wait_for("shell:")
        terminal.enter("$QWEN -m echo --no-history")
        terminal.wait_for("openai_compat/echo>")
        terminal.type("half a line")
        terminal.wait_for("> half a line")
        terminal.key("C-z")
        terminal.wait_for("Stopped", "\nshell:")
        terminal.enter("echo this is $((6 * 7))")
        terminal.wait_for("this is 42\nshell:")
        terminal.enter("fg")
        terminal.wait_for("fg\n$QWEN -m echo --no-history\nopenai_compat/echo> half a line")
        terminal.type(" and the rest")
        terminal.wait_for("> half a line and the rest")
        terminal.key("Enter")
        terminal.wait_for("\nhalf a line and the rest\nopenai_compat/echo>")
        terminal.enter("/model stall-after-3")
        terminal.wait_for("stall-after-3>")
        terminal.enter("stopped in an answer")
        terminal.wait_for("\nOnce upon a")
        terminal.key("C-z")
        terminal.wait_for("Stopped", "+  Stopped")
        terminal.enter("stty -a | grep -o ' echo ' | tr -d ' '")
        terminal.wait_for("\necho\n")
        terminal.enter("fg")
        terminal.wait_for("\necho\nshell: fg\n$QWEN")
        terminal.key("C-c")
        terminal.wait_for("(stopped; what was said is kept)\nopenai_compat/stall-after-3>")
        terminal.key("C-d")
        # What is typed before the shell is back belongs to the program that leaves, and goes with it.
        world.wait_for(lambda: terminal.text().rstrip().endswith("shell:"), "the shell's prompt", seconds=20)
        terminal.enter("echo back in the $((1 + 1))nd")
        terminal.wait_for("\nback in the 2nd\n")
