#include "core/config/resolver.hpp"

#include <algorithm>
#include <cassert>

#include "core/config/value.hpp"

namespace qwen::config {
namespace {

bool may_come_from(const Setting& setting, const Provenance& from) {
    switch (from.source) {
        case Source::flag: return (setting.allowed & from_flag) != 0;
        case Source::environment: return (setting.allowed & from_environment) != 0;
        case Source::dotenv: return (setting.allowed & (from.trust == TrustClass::project ? from_project_dotenv : from_user_dotenv)) != 0;
        case Source::user_config: return (setting.allowed & from_user_config) != 0;
        case Source::system_config: return (setting.allowed & from_system_config) != 0;
        case Source::account:
        case Source::preset:
        case Source::builtin: return true;
    }
    return false;
}

/// The entries of one layer for one setting, the one that counts first: the variables in the order of the table, else the last that was written.
std::vector<Entry*> entries_for(Layer& layer, const Setting& setting) {
    std::vector<Entry*> entries;
    for (auto& entry : layer.entries)
        if (entry.key == setting.key) entries.push_back(&entry);
    std::reverse(entries.begin(), entries.end());
    const auto rank = [&](const Entry* entry) {
        const auto at = std::find(setting.variables.begin(), setting.variables.end(), entry->from.name);
        return at - setting.variables.begin();
    };
    std::stable_sort(entries.begin(), entries.end(), [&](const Entry* a, const Entry* b) { return rank(a) < rank(b); });
    return entries;
}

ResolvedSetting resolve_one(const Setting& setting, std::vector<Layer>& layers) {
    ResolvedSetting resolved{setting, {}};
    bool is_decided = false;
    for (auto& layer : layers) {
        for (auto* entry : entries_for(layer, setting)) {
            Standing standing = Standing::hidden;
            if (!may_come_from(setting, entry->from)) standing = Standing::source_not_allowed;
            else if (entry->value.empty()) standing = Standing::empty;
            else if (!is_decided) standing = Standing::used;
            is_decided = is_decided || standing == Standing::used;
            resolved.candidates.push_back({std::move(entry->value), std::move(entry->from), standing});
        }
    }
    if (setting.has_default)
        resolved.candidates.push_back({Secret(setting.default_value), Provenance{}, is_decided ? Standing::hidden : Standing::used});
    return resolved;
}

Result<void> check(const ResolvedSetting& resolved) {
    const auto* winner = resolved.winner();
    if (winner == nullptr || winner->value.empty()) return {};
    const auto problem = problem_with(resolved.setting, winner->value.reveal());
    if (!problem) return {};
    std::optional<FileLocation> where;
    if (!winner->from.location.path.empty()) where = winner->from.location;
    const auto name = winner->from.name.empty() ? resolved.setting.key : winner->from.name;
    return Error{ErrorCode::config_invalid, std::string(to_string(winner->from.source)) + ' ' + name + ' ' + *problem,
                 "qwen config explain " + resolved.setting.key, std::move(where)};
}

}  // namespace

const Candidate* ResolvedSetting::winner() const {
    const auto used = std::find_if(candidates.begin(), candidates.end(), [](const Candidate& own) { return own.standing == Standing::used; });
    return used == candidates.end() ? nullptr : &*used;
}

const ResolvedSetting* Resolution::find(std::string_view key) const {
    const auto resolved = std::find_if(settings_.begin(), settings_.end(), [&](const ResolvedSetting& own) { return own.setting.key == key; });
    return resolved == settings_.end() ? nullptr : &*resolved;
}

const Candidate* Resolution::winner(std::string_view key) const {
    const auto* resolved = find(key);
    return resolved == nullptr ? nullptr : resolved->winner();
}

std::optional<std::string> Resolution::text(std::string_view key) const {
    const auto* resolved = find(key);
    if (resolved == nullptr || resolved->winner() == nullptr) return std::nullopt;
    assert(!resolved->setting.is_secret());
    return std::string(resolved->winner()->value.reveal());
}

std::optional<Url> Resolution::url(std::string_view key) const {
    const auto value = text(key);
    if (!value || value->empty()) return std::nullopt;
    auto parsed = Url::parse(*value);
    return parsed ? std::optional<Url>(std::move(parsed).value()) : std::nullopt;
}

std::optional<bool> Resolution::boolean(std::string_view key) const {
    const auto value = text(key);
    return value ? parse_boolean(*value) : std::nullopt;
}

std::optional<std::int64_t> Resolution::integer(std::string_view key) const {
    const auto value = text(key);
    return value ? parse_integer(*value) : std::nullopt;
}

std::optional<std::chrono::milliseconds> Resolution::duration(std::string_view key) const {
    const auto value = text(key);
    return value ? parse_duration(*value) : std::nullopt;
}

Result<Resolution> resolve(const SettingTable& table, std::vector<Layer> layers) {
    Resolution resolution;
    resolution.settings_.reserve(table.all().size());
    for (const auto& setting : table.all()) {
        resolution.settings_.push_back(resolve_one(setting, layers));
        QWEN_CHECK(check(resolution.settings_.back()));
    }
    return resolution;
}

}  // namespace qwen::config
