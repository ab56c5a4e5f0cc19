#include "host/plugin/check/process_snapshot.hpp"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <clocale>
#include <cstdio>
#include <cstring>
#include <filesystem>

namespace qwen::host::plugin::check {
namespace {

std::vector<std::string> names_in(const char* directory, bool with_targets) {
    std::vector<std::string> names;
    std::error_code problem;
    for (const auto& entry : std::filesystem::directory_iterator(directory, problem)) {
        auto name = entry.path().filename().native();
        if (with_targets) {
            const auto target = std::filesystem::read_symlink(entry.path(), problem);
            // The directory that is being read.
            if (problem || target.native().starts_with("/proc/")) continue;
            name += " -> " + target.native();
        }
        names.push_back(std::move(name));
    }
    std::sort(names.begin(), names.end());
    return names;
}

void* handler_of(int number) {
    struct sigaction action {};
    if (::sigaction(number, nullptr, &action) != 0) return nullptr;
    return reinterpret_cast<void*>(action.sa_handler);
}

}  // namespace

ProcessSnapshot::ProcessSnapshot() {
    for (int number = 1; number < static_cast<int>(handlers_.size()); ++number)
        handlers_[static_cast<std::size_t>(number)] = handler_of(number);
    sigset_t blocked;
    ::sigprocmask(SIG_SETMASK, nullptr, &blocked);
    for (int number = 1; number < 65; ++number)
        if (::sigismember(&blocked, number) == 1) blocked_.push_back(number);
    locale_ = std::setlocale(LC_ALL, nullptr);
    for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) environment_.emplace_back(*variable);
    std::error_code problem;
    directory_ = std::filesystem::current_path(problem).native();
    mask_ = ::umask(022);
    ::umask(mask_);
    descriptors_ = names_in("/proc/self/fd", true);
    threads_ = names_in("/proc/self/task", false).size();
    for (int resource = 0; resource < RLIM_NLIMITS; ++resource) {
        rlimit limit{};
        ::getrlimit(static_cast<__rlimit_resource>(resource), &limit);
        limits_.push_back(limit.rlim_cur);
        limits_.push_back(limit.rlim_max);
    }
}

std::string ProcessSnapshot::difference(const ProcessSnapshot& later, bool may_start_threads) const {
    for (int number = 1; number < static_cast<int>(handlers_.size()); ++number) {
        const auto index = static_cast<std::size_t>(number);
        if (handlers_[index] != later.handlers_[index])
            return fmt::format("the handler of signal {} (SIG{}) was changed", number,
                               ::sigabbrev_np(number) != nullptr ? ::sigabbrev_np(number) : "?");
    }
    if (blocked_ != later.blocked_) return "the set of blocked signals was changed";
    if (locale_ != later.locale_) return fmt::format("the locale was changed to {}", later.locale_);
    if (environment_ != later.environment_) return "the environment was changed";
    if (directory_ != later.directory_) return fmt::format("the working directory was changed to {}", later.directory_);
    if (mask_ != later.mask_) return fmt::format("the umask was changed to {:03o}", later.mask_);
    if (descriptors_ != later.descriptors_)
        return fmt::format("{} file descriptors are open instead of {}, or others", later.descriptors_.size(), descriptors_.size());
    if (threads_ < later.threads_ && !may_start_threads)
        return fmt::format("{} threads run instead of {}, and `relaxed` of the manifest does not say \"threads\"", later.threads_,
                           threads_);
    if (limits_ != later.limits_) return "a resource limit was changed";
    return {};
}

PrintedOutput::PrintedOutput() : memory_(::memfd_create("printed", MFD_CLOEXEC)) {
    ::dup2(memory_, STDOUT_FILENO);
    ::dup2(memory_, STDERR_FILENO);
}

std::size_t PrintedOutput::bytes() const {
    std::fflush(nullptr);
    struct stat facts {};
    return ::fstat(memory_, &facts) == 0 ? static_cast<std::size_t>(facts.st_size) : 0;
}

}  // namespace qwen::host::plugin::check
