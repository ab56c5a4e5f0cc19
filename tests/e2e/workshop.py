"""Where a third party works: an installed SDK, a compiler, CMake, and a folder outside this tree."""

import os
import shutil
import subprocess

from harness import Failure, require


class Workshop:
    """The SDK of the build in a prefix of its own; what is built sees neither this source tree nor the build tree."""

    def __init__(self, world):
        self.world = world
        self.prefix = world.root / "sdk"
        self.place = world.root / "workshop"
        self.place.mkdir()
        self.run("cmake", "--install", world.build, "--component", "sdk", "--prefix", self.prefix)

    def environment(self):
        """Of a person who has installed `qwen` and the SDK; ctest says in CMAKE_* what the sanitizers of this build need, which is nothing here."""
        return self.world.environment({"CMAKE_PREFIX_PATH": str(self.prefix), "CMAKE_GENERATOR": "Ninja", "CFLAGS": "-Wall -Wextra -Wpedantic -Werror",
                                       "CXXFLAGS": "-Wall -Wextra -Wpedantic -Werror", "PATH": os.environ["PATH"]})

    def run(self, *command, cwd=None, timeout=110):
        done = subprocess.run([str(part) for part in command], cwd=cwd or self.place, env=self.environment(), capture_output=True, timeout=timeout, check=False)
        if done.returncode != 0:
            raise Failure(f"  $ {' '.join(map(str, command))}\n  exit code {done.returncode}\n{done.stdout.decode()}{done.stderr.decode()}")
        return done.stdout.decode()

    def sample(self, name):
        """A copy of an installed sample."""
        return shutil.copytree(self.prefix / "share/qwen/samples" / name, self.place / name)

    def build(self, project, *definitions):
        """Configures, builds and tests the project as its README says; its .so."""
        self.run("cmake", "-S", project, "-B", project / "build", f"-DQWEN_PROGRAM={self.world.program}", *definitions)
        self.run("cmake", "--build", project / "build")
        self.run("ctest", "--test-dir", project / "build", "--output-on-failure", "--no-tests=error")
        plugin = project / "build" / f"{project.name}.so"
        require(plugin.is_file(), f"a plugin {plugin}")
        return plugin

    def inspect(self, plugin):
        """It exports its entry function alone and needs nothing but the C library."""
        facts = self.world.qwen("plugin", "inspect", plugin, "--json").exits(0).json()["plugin"]
        require(facts["exported"] == ["qwen_provider_entry_v1"], f"one exported symbol, not {facts['exported']}")
        require(all(name.startswith(("libc.so.", "libm.so.", "ld-linux")) for name in facts["needed"]), f"no library but libc, not {facts['needed']}")
        require(facts["run_path"] == "" and facts["decision"]["usable"], f"a plugin that would be used, not {facts}")

    def check(self, plugin):
        """It keeps every rule for providers."""
        self.world.qwen("plugin", "check", plugin, timeout=100).exits(0).prints_part(" 0 failed, 0 undecided")

    def install(self, plugin):
        self.inspect(plugin)
        self.check(plugin)
        self.world.qwen("plugin", "install", plugin).exits(0)
        installed = self.world.home / ".qwen" / "plugins" / plugin.name
        self.world.written.add(installed.resolve())

    def build_sample(self, name, *definitions):
        self.install(self.build(self.sample(name), *definitions))
