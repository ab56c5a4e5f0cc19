// What belongs to the process and not to a plugin: taken before and after, and compared.
#pragma once

#include <array>
#include <csignal>
#include <cstddef>
#include <string>
#include <vector>

namespace qwen::host::plugin::check {

class ProcessSnapshot {
public:
    ProcessSnapshot();
    /// The first thing that is different in `later`, as a sentence; empty: nothing is.
    [[nodiscard]] std::string difference(const ProcessSnapshot& later, bool may_start_threads) const;

private:
    std::array<void*, 65> handlers_{};
    std::vector<int> blocked_;
    std::string locale_;
    std::vector<std::string> environment_;
    std::string directory_;
    unsigned mask_ = 0;
    std::vector<std::string> descriptors_;
    std::size_t threads_ = 0;
    std::vector<unsigned long> limits_;
};

/// Standard output and standard error, caught for the rest of the process.
class PrintedOutput {
public:
    PrintedOutput();
    [[nodiscard]] std::size_t bytes() const;

private:
    int memory_;
};

}  // namespace qwen::host::plugin::check
