// Chooses one value per setting and keeps the losers, so that `config explain` can show what was hidden and why.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/url.hpp"
#include "core/config/layer.hpp"

namespace qwen::config {

/// Why a value does not count.
enum class Standing : std::uint8_t { used, hidden, empty, source_not_allowed };

struct Candidate {
    Secret value;
    Provenance from;
    Standing standing = Standing::hidden;
};

struct ResolvedSetting {
    Setting setting;
    /// Highest precedence first; at most one is `used`. Empty: nobody set it and there is no default.
    std::vector<Candidate> candidates;

    /// The winner; null when there is none.
    [[nodiscard]] const Candidate* winner() const;
};

/// Every setting of the table with its candidates. Immutable after resolve().
class Resolution {
public:
    [[nodiscard]] const ResolvedSetting* find(std::string_view key) const;
    [[nodiscard]] std::span<const ResolvedSetting> all() const { return settings_; }

    /// The winning value as text; nullopt when there is none. Only for settings that are not secret (assert).
    [[nodiscard]] std::optional<std::string> text(std::string_view key) const;
    /// The winning candidate; null when there is none.
    [[nodiscard]] const Candidate* winner(std::string_view key) const;
    /// Typed access; the value was checked by resolve(), absence is nullopt.
    [[nodiscard]] std::optional<Url> url(std::string_view key) const;
    [[nodiscard]] std::optional<bool> boolean(std::string_view key) const;
    [[nodiscard]] std::optional<std::int64_t> integer(std::string_view key) const;
    [[nodiscard]] std::optional<std::chrono::milliseconds> duration(std::string_view key) const;

private:
    friend Result<Resolution> resolve(const SettingTable&, std::vector<Layer>);
    std::vector<ResolvedSetting> settings_;
};

/// Layers come in the order of precedence, highest first; defaults of the table are added last. A winning value of the wrong type is an error
/// (config_invalid) with its place; the value of a secret is never in it.
[[nodiscard]] Result<Resolution> resolve(const SettingTable& table, std::vector<Layer> layers);

}  // namespace qwen::config
