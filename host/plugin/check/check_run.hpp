// Runs the rules against one file, each in a process of its own with a time limit. A plugin that crashes or hangs costs one finding; the
// others still run.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "host/plugin/check/rules.hpp"

namespace qwen::host::plugin::check {

struct CheckSettings {
    std::vector<const Rule*> only;  ///< empty: all
    std::uint64_t seed = 1;         ///< of what is made at random
    std::chrono::milliseconds timeout{10'000};
};

struct CheckOutcome {
    const Rule* rule = nullptr;
    Verdict verdict = Verdict::passed;
    /// The finding, or why there is none; empty when passed.
    std::string text;
    /// The last calls before the end, entry points and host functions.
    std::vector<std::string> trace;
};

/// In the order of the rules. `examined` is the file's examination, whatever came of it.
[[nodiscard]] std::vector<CheckOutcome> run_checks(const Result<VerifiedPlugin>& examined, const CheckSettings& settings);

}  // namespace qwen::host::plugin::check
