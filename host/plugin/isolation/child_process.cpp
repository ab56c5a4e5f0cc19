#include "host/plugin/isolation/child_process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

namespace qwen::host::plugin {
namespace {

/// Above every number that the child gets, so that no dup2 overwrites the source of the next.
constexpr int kClearOfTheChild = 16;

/// What posix_spawn wants, freed at the end.
class SpawnRecipe {
public:
    SpawnRecipe() {
        ::posix_spawn_file_actions_init(&actions);
        ::posix_spawnattr_init(&attributes);
    }
    ~SpawnRecipe() {
        ::posix_spawn_file_actions_destroy(&actions);
        ::posix_spawnattr_destroy(&attributes);
    }
    SpawnRecipe(const SpawnRecipe&) = delete;
    SpawnRecipe& operator=(const SpawnRecipe&) = delete;

    void give(int socket, int image) {
        for (const int standard : {0, 1, 2}) ::posix_spawn_file_actions_addopen(&actions, standard, "/dev/null", standard == 0 ? O_RDONLY : O_WRONLY, 0);
        ::posix_spawn_file_actions_adddup2(&actions, socket, kChildSocket);
        if (image >= 0) ::posix_spawn_file_actions_adddup2(&actions, image, kChildImage);
        ::posix_spawn_file_actions_addclosefrom_np(&actions, image >= 0 ? kChildImage + 1 : kChildSocket + 1);
        ::posix_spawn_file_actions_addchdir_np(&actions, "/");
    }
    void start_afresh() {
        sigset_t every;
        sigset_t none;
        sigfillset(&every);
        sigemptyset(&none);
        ::posix_spawnattr_setsigdefault(&attributes, &every);
        ::posix_spawnattr_setsigmask(&attributes, &none);
        ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    }

    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
};

system::Descriptor lift(int descriptor) { return system::Descriptor(descriptor < 0 ? -1 : ::fcntl(descriptor, F_DUPFD_CLOEXEC, kClearOfTheChild)); }

/// Until the process ends, or `patience` is over.
void await_end(pid_t id, std::chrono::milliseconds patience) {
    const system::Descriptor process(static_cast<int>(::syscall(SYS_pidfd_open, id, 0)));
    if (!process) return;
    pollfd watched{process.get(), POLLIN, 0};
    (void)::poll(&watched, 1, static_cast<int>(patience.count()));
}

std::string in_words(int status) {
    if (WIFSIGNALED(status)) return fmt::format("it was killed by signal {} ({})", WTERMSIG(status), ::strsignal(WTERMSIG(status)));
    if (WIFEXITED(status)) return fmt::format("it ended its process with status {}", WEXITSTATUS(status));
    return "it stopped";
}

}  // namespace

ChildProcess::ChildProcess(ChildProcess&& other) noexcept : id_(std::exchange(other.id_, -1)) {}

ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
    if (this != &other) {
        if (is_running()) (void)finish({});
        id_ = std::exchange(other.id_, -1);
    }
    return *this;
}

ChildProcess::~ChildProcess() {
    if (is_running()) (void)finish({});
}

Result<ChildProcess> ChildProcess::start(const std::filesystem::path& program, const system::Descriptor& socket, int image) {
    const system::Descriptor socket_source = lift(socket.get());
    const system::Descriptor image_source = lift(image);
    SpawnRecipe recipe;
    recipe.give(socket_source.get(), image_source.get());
    recipe.start_afresh();
    std::string name = "qwen";
    std::string option = kPluginHostOption;
    std::string language = "LANG=C.UTF-8";
    char* const arguments[] = {name.data(), option.data(), nullptr};
    char* const environment[] = {language.data(), nullptr};
    ChildProcess child;
    const int failure = ::posix_spawn(&child.id_, program.c_str(), &recipe.actions, &recipe.attributes, arguments, environment);
    if (failure != 0) {
        child.id_ = -1;
        return Error{ErrorCode::plugin_fault, fmt::format("no process for the plugin can be started: {}", std::strerror(failure)), {}, std::nullopt};
    }
    return child;
}

std::string ChildProcess::finish(std::chrono::milliseconds patience) {
    if (!is_running()) return "it is not running";
    if (patience.count() > 0) await_end(id_, patience);
    int status = 0;
    pid_t ended = ::waitpid(id_, &status, WNOHANG);
    const bool by_itself = ended == id_;
    // Not reaped yet, so the number is still this process's; its session has no other member unless the filter is missing.
    if (!by_itself) {
        ::kill(-id_, SIGKILL);
        ::kill(id_, SIGKILL);
        do ended = ::waitpid(id_, &status, 0);
        while (ended < 0 && errno == EINTR);
    }
    id_ = -1;
    if (!by_itself) return "it closed its connection";
    return in_words(status);
}

}  // namespace qwen::host::plugin
