#include "host/command_runner.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>

#include "core/system/file.hpp"
#include "host/terminal/sanitizer.hpp"

namespace qwen::host {
namespace {

constexpr std::chrono::seconds kTimeLimit{30};
constexpr std::size_t kMaxOutput = 64u << 10;
constexpr std::size_t kMaxShownStderr = 300;

bool is_blank(char c) { return c == ' ' || c == '\t'; }

Error cannot_run(std::string_view program, std::string_view why) {
    return {ErrorCode::config_invalid, fmt::format("cannot run the command {}: {}", sanitized_line(program, 80), why), "see the setting in config.toml", std::nullopt};
}

struct Pipe {
    system::Descriptor reader;
    system::Descriptor writer;

    static std::optional<Pipe> open() {
        std::array<int, 2> ends{};
        if (::pipe2(ends.data(), O_CLOEXEC) != 0) return std::nullopt;
        return Pipe{system::Descriptor(ends[0]), system::Descriptor(ends[1])};
    }
};

/// A started command; killed with its children unless it was waited for.
class Child {
public:
    explicit Child(pid_t pid) : pid_(pid) {}
    ~Child() {
        if (pid_ <= 0) return;
        ::kill(-pid_, SIGKILL);
        while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
        }
    }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    /// The wait status when it has ended.
    [[nodiscard]] std::optional<int> ended() {
        int status = 0;
        if (::waitpid(pid_, &status, WNOHANG) != pid_) return std::nullopt;
        pid_ = 0;
        return status;
    }

private:
    pid_t pid_;
};

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> list;
    list.reserve(texts.size() + 1);
    for (auto& text : texts) list.push_back(text.data());
    list.push_back(nullptr);
    return list;
}

/// A group of its own, so that its children can be killed with it; default signals, because this program ignores some.
Result<pid_t> spawn(std::vector<std::string>& words, const system::Environment& environment, const Pipe& out, const Pipe& err) {
    std::vector<std::string> variables;
    for (const auto& [name, value] : environment.variables) variables.push_back(name + '=' + value);
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
    ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions, out.writer.get(), STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, err.writer.get(), STDERR_FILENO);
    ::posix_spawn_file_actions_addclosefrom_np(&actions, 3);
    sigset_t defaults;
    sigset_t none;
    ::sigfillset(&defaults);
    ::sigemptyset(&none);
    ::posix_spawnattr_setsigdefault(&attributes, &defaults);
    ::posix_spawnattr_setsigmask(&attributes, &none);
    ::posix_spawnattr_setpgroup(&attributes, 0);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    pid_t pid = 0;
    const auto arguments = pointers(words);
    const auto environment_block = pointers(variables);
    const int failed = ::posix_spawnp(&pid, words.front().c_str(), &actions, &attributes, arguments.data(), environment_block.data());
    ::posix_spawnattr_destroy(&attributes);
    ::posix_spawn_file_actions_destroy(&actions);
    if (failed != 0) return cannot_run(words.front(), std::strerror(failed));
    return pid;
}

/// Appends what is there; false at the end of the stream. What goes beyond `limit` is counted, not kept.
bool drain(const system::Descriptor& from, std::string& into, std::size_t limit, bool& overflowed) {
    std::array<char, 4096> buffer;
    const ssize_t size = ::read(from.get(), buffer.data(), buffer.size());
    if (size < 0) return errno == EINTR || errno == EAGAIN;
    const std::size_t kept = std::min(static_cast<std::size_t>(size), limit - into.size());
    into.append(buffer.data(), kept);
    overflowed = overflowed || kept < static_cast<std::size_t>(size);
    wipe(buffer.data(), buffer.size());
    return size > 0;
}

std::string how_it_ended(int status) {
    if (WIFSIGNALED(status)) return fmt::format("was ended by signal {}", WTERMSIG(status));
    return fmt::format("failed with exit status {}", WEXITSTATUS(status));
}

/// Collects both streams until the command has ended and closed them.
class Collector {
public:
    Collector(Pipe out, Pipe err) : out_(std::move(out.reader)), err_(std::move(err.reader)) { output_.reserve(kMaxOutput); }
    ~Collector() { wipe(output_); }
    Collector(const Collector&) = delete;
    Collector& operator=(const Collector&) = delete;

    Result<Secret> collect(Child& child, std::string_view program, const system::Clock& clock, const Context& context) {
        std::optional<int> status;
        while (!status || out_open_) {
            if (context.cancelled()) return cancelled_error();
            const auto left = std::chrono::ceil<std::chrono::milliseconds>(*context.deadline - clock.monotonic_now()).count();
            if (left <= 0) {
                return Error{ErrorCode::timed_out, fmt::format("the command {} took too long", sanitized_line(program, 80)), "it is given 30 s", std::nullopt};
            }
            wait_for_output(static_cast<int>(std::min<std::int64_t>(left, 20)), context);
            if (too_long_) return failed(program, "printed more than 64 KiB");
            if (!status) status = child.ended();
            // A child of the command that keeps the pipe open is not waited for.
            if (status && !has_more()) break;
        }
        if (!WIFEXITED(*status) || WEXITSTATUS(*status) != 0) return failed(program, how_it_ended(*status));
        return Secret::take(output_);
    }

private:
    void wait_for_output(int milliseconds, const Context& context) {
        std::array<pollfd, 3> waiting{pollfd{out_open_ ? out_.get() : -1, POLLIN, 0}, pollfd{err_open_ ? err_.get() : -1, POLLIN, 0},
                                      pollfd{context.cancellation_fd(), POLLIN, 0}};
        if (::poll(waiting.data(), waiting.size(), milliseconds) <= 0) return;
        bool ignored = false;
        if (waiting[0].revents != 0) out_open_ = drain(out_, output_, kMaxOutput, too_long_);
        if (waiting[1].revents != 0) err_open_ = drain(err_, complaint_, kMaxShownStderr, ignored);
    }

    [[nodiscard]] bool has_more() const {
        pollfd waiting{out_.get(), POLLIN, 0};
        return out_open_ && ::poll(&waiting, 1, 0) == 1 && (waiting.revents & POLLIN) != 0;
    }

    [[nodiscard]] Error failed(std::string_view program, std::string_view how) const {
        std::string message = fmt::format("the command {} {}", sanitized_line(program, 80), how);
        if (!complaint_.empty()) message += ": " + sanitized_line(complaint_, kMaxShownStderr);
        return {ErrorCode::provider_error, std::move(message), {}, std::nullopt};
    }

    system::Descriptor out_;
    system::Descriptor err_;
    std::string output_;
    std::string complaint_;
    bool out_open_ = true;
    bool err_open_ = true;
    bool too_long_ = false;
};

}  // namespace

Result<std::vector<std::string>> split_command(std::string_view command) {
    std::vector<std::string> words;
    bool in_word = false;
    char quote = 0;
    for (std::size_t i = 0; i < command.size(); ++i) {
        const char c = command[i];
        if (quote == 0 && is_blank(c)) {
            in_word = false;
            continue;
        }
        if (!in_word) words.emplace_back();
        in_word = true;
        const bool may_escape = quote == 0 || (quote == '"' && i + 1 < command.size() && (command[i + 1] == '"' || command[i + 1] == '\\'));
        if (c == '\\' && may_escape && i + 1 < command.size()) words.back() += command[++i];
        else if (quote == 0 && (c == '\'' || c == '"')) quote = c;
        else if (c == quote && quote != 0) quote = 0;
        else words.back() += c;
    }
    if (quote != 0) return Error{ErrorCode::config_invalid, fmt::format("the command has a {} without its partner", quote), {}, std::nullopt};
    if (words.empty() || words.front().empty()) return Error{ErrorCode::config_invalid, "the command is empty", {}, std::nullopt};
    return words;
}

Result<Secret> run_credential_command(std::string_view command, const system::Environment& environment, const system::Clock& clock,
                                      const Context& context) {
    QWEN_TRY(auto words, split_command(command));
    auto out = Pipe::open();
    auto err = Pipe::open();
    if (!out || !err) return Error{ErrorCode::internal, fmt::format("no pipe for a command: {}", std::strerror(errno)), {}, std::nullopt};
    QWEN_TRY(const pid_t pid, spawn(words, environment, *out, *err));
    Child child(pid);
    out->writer = system::Descriptor();
    err->writer = system::Descriptor();
    Collector collector(std::move(*out), std::move(*err));
    return collector.collect(child, words.front(), clock, context.with_deadline(clock.monotonic_now() + kTimeLimit));
}

}  // namespace qwen::host
