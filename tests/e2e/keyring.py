"""A desktop's keyring for one scenario: a session bus and a real gnome-keyring-daemon in the world's own folders."""

import os
import pathlib
import shutil
import socket
import subprocess
import threading
import time

from harness import Failure, Skipped

SESSION_CONFIGURATION = pathlib.Path("/usr/share/dbus-1/session.conf")
PASSWORD = "of the desktop"


class Desktop:
    """`with Desktop(world) as desktop`: `desktop.environment` names its bus."""

    def __init__(self, world, password=PASSWORD):
        missing = [name for name in ("dbus-daemon", "gnome-keyring-daemon", "secret-tool") if shutil.which(name) is None]
        if missing or not SESSION_CONFIGURATION.exists():
            raise Skipped(f"needs {', '.join(missing) or SESSION_CONFIGURATION} (scripts/install-packages keyring)")
        self.world = world
        self.runtime = world.root / "runtime"
        self.runtime.mkdir(mode=0o700, exist_ok=True)
        # Not the bus of whoever runs the tests, and no folder of theirs.
        self.environment = {"XDG_RUNTIME_DIR": str(self.runtime), "DBUS_SESSION_BUS_ADDRESS": f"unix:path={self.runtime}/test-bus"}
        self.password = password
        self.processes = []

    def __enter__(self):
        # Started for nobody: activation by the bus would start a second daemon.
        self._start("dbus-daemon", f"--config-file={SESSION_CONFIGURATION}", f"--address={self.environment['DBUS_SESSION_BUS_ADDRESS']}", "--nofork", "--nopidfile")
        self._wait(lambda: (self.runtime / "test-bus").exists(), "the bus")
        daemon = self._start("gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets", stdin=subprocess.PIPE)
        daemon.stdin.write(self.password.encode())
        daemon.stdin.close()
        self._wait(lambda: self.tool("lookup", "service", "nothing").returncode == 1 and self._has_service(), "the keyring")
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            process.terminate()
            process.wait()
        self.processes = []

    def tool(self, *arguments, stdin=b""):
        """secret-tool, which nobody here wrote."""
        return subprocess.run(["secret-tool", *arguments], input=stdin, capture_output=True, env=self.world.environment(self.environment), timeout=20)

    def secrets_of(self, provider):
        """What is kept for a provider, through eyes other than the program's."""
        found = self.tool("search", "--all", "provider", provider)
        return [line.split(b"=", 1)[1].strip().decode() for line in found.stdout.splitlines() if line.startswith(b"secret =")]

    def _has_service(self):
        asked = subprocess.run(["dbus-send", "--session", "--print-reply", "--dest=org.freedesktop.DBus", "/", "org.freedesktop.DBus.NameHasOwner",
                                "string:org.freedesktop.secrets"], capture_output=True, env=self.world.environment(self.environment), timeout=20)
        return b"true" in asked.stdout

    def _start(self, *command, **options):
        process = subprocess.Popen(command, env=self.world.environment(self.environment), cwd=self.world.home, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)
        self.processes.append(process)
        return process

    def _wait(self, condition, what):
        try:
            self.world.wait_for(condition, what)
        except Failure:
            self.__exit__()
            raise


class SilentBus:
    """A session bus that takes connections and says nothing."""

    def __init__(self, world):
        self.path = world.root / "silent-bus"
        self.environment = {"DBUS_SESSION_BUS_ADDRESS": f"unix:path={self.path}"}
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.path))
        self.listener.listen(8)
        self.connections = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                self.connections.append(self.listener.accept()[0])
            except OSError:
                return

    def close(self):
        self.listener.close()
        for connection in self.connections:
            connection.close()
