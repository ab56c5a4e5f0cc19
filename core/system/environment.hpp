// The process environment, working directory and home as they were at start-up, taken once and passed on as a value.
//
// Values are never exported: nothing in this project calls setenv (scripts/check).
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace qwen::system {

struct Environment {
    std::map<std::string, std::string, std::less<>> variables;
    /// Absolute; "/" when it was removed under us.
    std::filesystem::path working_directory;
    /// From HOME, else from the password database; empty when neither gives an absolute path.
    std::filesystem::path home;
    unsigned effective_uid = 0;

    /// The variable's value; nullopt when it is absent. An empty value is returned as it is: whether it counts is the caller's rule.
    [[nodiscard]] std::optional<std::string_view> variable(std::string_view name) const;
    /// True when the variable is there and not empty.
    [[nodiscard]] bool has(std::string_view name) const;

    /// Reads this process's environment.
    [[nodiscard]] static Environment capture();
};

}  // namespace qwen::system
