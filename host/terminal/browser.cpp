#include "host/terminal/browser.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

namespace qwen::host {
namespace {

/// Where launchers are looked for; PATH is not asked, it may name a directory of a project.
constexpr const char* kProgramDirectories[] = {"usr/bin", "usr/local/bin", "bin"};

std::string find_program(const std::string& root, std::string_view name) {
    for (const auto* directory : kProgramDirectories) {
        const auto path = std::filesystem::path(root) / directory / name;
        if (::access(path.c_str(), X_OK) == 0) return path.string();
    }
    return {};
}

bool is_container(const system::Environment& environment, const std::string& root) {
    std::error_code ignored;
    const std::filesystem::path base(root);
    return environment.has("container") || std::filesystem::exists(base / ".dockerenv", ignored) ||
           std::filesystem::exists(base / "run/.containerenv", ignored);
}

bool is_ssh(const system::Environment& environment) {
    return environment.has("SSH_CONNECTION") || environment.has("SSH_CLIENT") || environment.has("SSH_TTY");
}

/// $BROWSER when it is one program: an absolute path, or a name in the usual directories. Lists and command lines are not run.
std::string program_of_variable(const system::Environment& environment, const std::string& root) {
    const auto value = environment.variable("BROWSER");
    if (!value || value->empty() || value->find_first_of(" :%;&|$`'\"\n") != std::string_view::npos) return {};
    if (value->front() == '/') return ::access(std::string(*value).c_str(), X_OK) == 0 ? std::string(*value) : std::string{};
    return value->find('/') == std::string_view::npos ? find_program(root, *value) : std::string{};
}

/// The variables a desktop needs to find its session, and nothing else: no key, no token, no LD_*.
std::vector<std::string> browser_environment(const system::Environment& environment) {
    std::vector<std::string> variables{"PATH=/usr/local/bin:/usr/bin:/bin"};
    for (const auto* name : {"HOME", "USER", "LOGNAME", "LANG", "DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "XDG_RUNTIME_DIR", "XDG_SESSION_TYPE",
                             "XDG_CURRENT_DESKTOP", "XDG_DATA_DIRS", "DBUS_SESSION_BUS_ADDRESS", "WSL_DISTRO_NAME", "WSL_INTEROP"})
        if (environment.has(name)) variables.push_back(std::string(name) + '=' + std::string(*environment.variable(name)));
    return variables;
}

[[noreturn]] void become(const char* program, char* const* arguments, char* const* variables) {
    const int null = ::open("/dev/null", O_RDWR);
    for (const int stream : {0, 1, 2}) ::dup2(null, stream);
    ::close_range(3, ~0U, 0);
    ::execve(program, arguments, variables);
    ::_exit(127);
}

}  // namespace

BrowserDecision decide_browser(const system::Environment& environment, bool is_interactive, bool user_said_no, const std::string& root) {
    if (user_said_no || environment.has("QWEN_NO_BROWSER")) return {{}, "asked not to"};
    if (!is_interactive) return {{}, "no terminal"};
    if (is_ssh(environment)) return {{}, "SSH session"};
    if (is_container(environment, root)) return {{}, "container"};
    if (auto program = program_of_variable(environment, root); !program.empty()) return {std::move(program), {}};
    if (environment.has("WSL_DISTRO_NAME")) {
        auto program = find_program(root, "wslview");
        return program.empty() ? BrowserDecision{{}, "wslview is not installed"} : BrowserDecision{std::move(program), {}};
    }
    if (!environment.has("DISPLAY") && !environment.has("WAYLAND_DISPLAY")) return {{}, "no display"};
    auto program = find_program(root, "xdg-open");
    return program.empty() ? BrowserDecision{{}, "xdg-open is not installed"} : BrowserDecision{std::move(program), {}};
}

bool open_browser(const std::string& program, const Url& link, const system::Environment& environment) {
    std::string url = link.to_string();
    std::string name = program;
    char* const arguments[] = {name.data(), url.data(), nullptr};
    auto variables = browser_environment(environment);
    std::vector<char*> pointers;
    for (auto& variable : variables) pointers.push_back(variable.data());
    pointers.push_back(nullptr);

    const pid_t child = ::fork();
    if (child < 0) return false;
    if (child == 0) {
        // A grandchild, so that nobody has to wait for the browser; only async-signal-safe calls from here on.
        ::setsid();
        const pid_t grandchild = ::fork();
        if (grandchild != 0) ::_exit(grandchild < 0 ? 1 : 0);
        become(program.c_str(), arguments, pointers.data());
    }
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace qwen::host
