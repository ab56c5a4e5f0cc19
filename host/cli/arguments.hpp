// The command line, copied and wiped: what `ps` and /proc/PID/cmdline show no longer holds a key.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/secret.hpp"

namespace qwen::host {

/// The arguments after the program's name. Every one is held as a Secret, because which of them is one is known only later.
class Arguments {
public:
    /// The first thing main does. Copies argv and overwrites the values of options that sound like secrets (…key, …token, …secret, …password) in the
    /// process's memory, in both forms, `--flag value` and `--flag=value`. `argv` stays valid for the life of the object.
    [[nodiscard]] static Arguments take(int argc, char** argv);
    /// For tests and for programs that have no argv: nothing to wipe.
    [[nodiscard]] static Arguments of(std::span<const std::string_view> values);

    /// Overwrites the values of these options too; called when the providers' manifests are known.
    void wipe_values_of(std::span<const std::string> flags);

    [[nodiscard]] std::size_t size() const { return values_.size(); }
    /// Borrowed until this object dies.
    [[nodiscard]] std::string_view operator[](std::size_t index) const { return values_[index].reveal(); }
    [[nodiscard]] bool contains(std::string_view value) const;
    /// A secret was given on the command line, where it stays in the shell's history.
    [[nodiscard]] bool held_a_secret() const { return held_a_secret_; }

private:
    void wipe_original(std::size_t index, std::size_t from);

    std::vector<Secret> values_;
    std::span<char*> originals_;
    bool held_a_secret_ = false;
};

}  // namespace qwen::host
