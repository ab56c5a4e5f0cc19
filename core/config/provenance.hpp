// Where a value came from, and how far that place is trusted.
#pragma once

#include <cstdint>
#include <string>

#include "core/base/error.hpp"

namespace qwen::config {

/// The places a value can come from, in the order of precedence: earlier wins.
enum class Source : std::uint8_t { flag, environment, dotenv, account, user_config, system_config, preset, builtin };

/// How far a place is trusted with deciding where a secret goes (docs/internals/security-model.md). Higher is stronger.
enum class TrustClass : std::uint8_t { project, user, explicit_choice, policy, builtin };

/// Identity of a file, so that "the same file" does not depend on how its path was written. 0/0: not a file.
struct FileIdentity {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    bool operator==(const FileIdentity&) const = default;
};

struct Provenance {
    Source source = Source::builtin;
    TrustClass trust = TrustClass::builtin;
    /// What the user wrote: "--model", "OPENAI_API_KEY", "providers.openai_compat.base_url", an account's name.
    std::string name;
    /// The file and line, for sources that are files; path empty otherwise.
    FileLocation location;
    FileIdentity file;

    /// For messages and `config explain`: "environment OPENAI_API_KEY", "/proj/.env:3 OPENAI_API_KEY", "flag --model", "default".
    [[nodiscard]] std::string to_string() const;
};

[[nodiscard]] std::string_view to_string(Source source);
[[nodiscard]] std::string_view to_string(TrustClass trust);

}  // namespace qwen::config
