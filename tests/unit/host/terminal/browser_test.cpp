#include "host/terminal/browser.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace qwen;
using namespace qwen::host;

namespace {

/// A directory that stands for "/", with launchers in it.
class FakeRoot {
public:
    FakeRoot() {
        std::string pattern = (std::filesystem::temp_directory_path() / "browser-XXXXXX").string();
        REQUIRE(::mkdtemp(pattern.data()) != nullptr);
        path_ = pattern;
        std::filesystem::create_directories(path_ / "usr/bin");
        std::filesystem::create_directories(path_ / "run");
    }
    ~FakeRoot() { std::filesystem::remove_all(path_); }
    FakeRoot(const FakeRoot&) = delete;
    FakeRoot& operator=(const FakeRoot&) = delete;

    std::filesystem::path add_program(const std::string& name, const std::string& script = "#!/bin/sh\n") const {
        const auto path = path_ / "usr/bin" / name;
        std::ofstream(path) << script;
        ::chmod(path.c_str(), 0755);
        return path;
    }
    [[nodiscard]] std::string path() const { return path_.string(); }

private:
    std::filesystem::path path_;
};

system::Environment desktop() {
    system::Environment environment;
    environment.variables["DISPLAY"] = ":0";
    return environment;
}

}  // namespace

TEST_SUITE("host/terminal/browser") {

TEST_CASE("a desktop with a launcher opens it") {
    const FakeRoot root;
    const auto launcher = root.add_program("xdg-open");
    CHECK(decide_browser(desktop(), true, false, root.path()).program == launcher.string());
}

TEST_CASE("no browser is opened where none can be seen, and the reason is said") {
    const FakeRoot root;
    root.add_program("xdg-open");
    auto environment = desktop();
    bool is_interactive = true;
    bool user_said_no = false;
    std::string reason;
    SUBCASE("SSH") { environment.variables["SSH_CONNECTION"] = "1 2 3 4", reason = "SSH session"; }
    SUBCASE("container by variable") { environment.variables["container"] = "podman", reason = "container"; }
    SUBCASE("container by file") { std::ofstream(root.path() + "/.dockerenv") << "", reason = "container"; }
    SUBCASE("no display") { environment.variables.clear(), reason = "no display"; }
    SUBCASE("no terminal") { is_interactive = false, reason = "no terminal"; }
    SUBCASE("--no-browser") { user_said_no = true, reason = "asked not to"; }
    SUBCASE("QWEN_NO_BROWSER") { environment.variables["QWEN_NO_BROWSER"] = "1", reason = "asked not to"; }
    SUBCASE("no launcher") { std::filesystem::remove(root.path() + "/usr/bin/xdg-open"), reason = "xdg-open is not installed"; }

    const auto decision = decide_browser(environment, is_interactive, user_said_no, root.path());

    CHECK(decision.program.empty());
    CHECK(decision.reason == reason);
}

TEST_CASE("BROWSER names one program; a command line is not run") {
    const FakeRoot root;
    const auto launcher = root.add_program("xdg-open");
    const auto links = root.add_program("links");
    auto environment = desktop();

    environment.variables["BROWSER"] = "links";
    CHECK(decide_browser(environment, true, false, root.path()).program == links.string());
    environment.variables["BROWSER"] = "sh -c 'touch /tmp/x'";
    CHECK(decide_browser(environment, true, false, root.path()).program == launcher.string());
    environment.variables["BROWSER"] = "../links";
    CHECK(decide_browser(environment, true, false, root.path()).program == launcher.string());
}

TEST_CASE("the launcher gets the link as one argument and no secret of the environment") {
    const FakeRoot root;
    const std::string fifo = root.path() + "/seen";
    REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
    const auto launcher = root.add_program("xdg-open", "#!/bin/sh\n{ echo \"$#:$1\"; env; } > " + fifo + "\n");
    auto environment = desktop();
    environment.variables["OPENAI_API_KEY"] = "sk-canary";
    environment.variables["LD_PRELOAD"] = "/tmp/evil.so";
    const auto link = Url::parse("https://chat.qwen.ai/authorize?user_code=A-B&client=x");
    REQUIRE(link);

    REQUIRE(open_browser(launcher.string(), *link, environment));

    std::ifstream reader(fifo);
    const std::string seen{std::istreambuf_iterator<char>(reader), {}};
    CHECK(seen.starts_with("1:https://chat.qwen.ai/authorize?user_code=A-B&client=x\n"));
    CHECK(seen.find("DISPLAY=:0") != std::string::npos);
    CHECK(seen.find("canary") == std::string::npos);
    CHECK(seen.find("LD_PRELOAD") == std::string::npos);
}

}
